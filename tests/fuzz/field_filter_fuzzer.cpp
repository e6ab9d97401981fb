// SPDX-License-Identifier: MIT
// The selected fields of rows, on every level of vector instructions, against the automaton. The
// first byte of an input is the delimiter. The second one says how many items the list has (the
// lowest three bits), from 40 on that its complement is selected, and from 80 on that the text is
// expanded (fuzz.h). Each item is two bytes, and the text comes after them.
#include "common/csv/field_filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/exact_text.h"
#include "tests/support/plain_filter.h"

namespace {

/// The first field, and how many follow it: ff is all of them.
std::string item(rowsum::Choices& choices) {
  const unsigned first = 1 + choices.byte(), more = choices.byte();
  return std::to_string(first) + "-" + (more == 0xff ? "" : std::to_string(first + more));
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Choices choices(data, size);
  const Dialect dialect{static_cast<char>(choices.byte())};
  if (!dialect.is_possible()) return -1;
  const unsigned choice = choices.byte();
  std::string items = item(choices);
  for (unsigned left = choice % 8; left > 0; --left) items += "," + item(choices);
  const FieldList list = FieldList::parse(items, choice & 0x40);
  const ExactText text(text_of(choices, choice & 0x80));

  const auto rows = plain_filter(plain_rows(text.text(), dialect), list.ranges());
  const std::string expected = text_of(rows, dialect);
  require(plain_rows(expected, dialect) == rows, "the rows stay rows");
  const FieldFilter filter(list, dialect);
  on_every_level([&] {
    Buffer out;
    const size_t end = filter.append(text.text(), out, 0);
    require(std::string_view(out.data(), end) == expected,
            "the filter does what the automaton says");
  });
  return 0;
}
