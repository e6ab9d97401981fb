// SPDX-License-Identifier: MIT
#include "p3_write/journal.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace rowsum;

namespace {

Journal example() {
  Journal journal;
  journal.input = {UINT64_MAX, {1, UINT64_MAX - 1}};
  journal.rows = "--delimiter=\xff --header --command=sed 's/\"/\\'\n";
  journal.options = "--on-error=skip --rejects=a \"b\" \\c\nd";
  journal.state = {1ull << 40, 7, 4711, 12, true, true};
  return journal;
}

std::string refusal_of(const std::string& text) {
  try {
    decode_journal(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("journal: comes back as it was") {
  CHECK(decode_journal(encode(example())) == example());
  CHECK(decode_journal(encode(Journal())) == Journal());
}

TEST_CASE("journal: every truncation, every bit and more bytes are refused") {
  const std::string text = encode(example());
  for (size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal_of(text.substr(0, size)) == "damaged");
  }
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    CAPTURE(bit);
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CHECK(refusal_of(flipped) == "damaged");
  }
  CHECK(refusal_of(text + "\n") == "damaged");
  CHECK(refusal_of(text + text) == "damaged");
}

TEST_CASE("journal: of another version") {
  // As another version of the program writes it: with the right checksum.
  const std::string text = "row sums journal, version 3\nwhatever\nchecksum 13231373621147948806\n";
  CHECK(refusal_of(text) == "of version 3; this program reads version 2");
}
