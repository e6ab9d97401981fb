// SPDX-License-Identifier: MIT
#include "common/wire/codec.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "tests/support/hex.h"

using namespace rowsum;

namespace {

Hello example_hello() {
  Hello hello;
  hello.content = Content::results;
  hello.dialect.delimiter = ';';
  hello.header = HeaderRow::skip;
  hello.fields = {"1-", false, true};
  hello.identity = {0x0102, {0x0304, 0x0506}};
  hello.inputs = {"a.csv", "", std::string("b\0\n", 3)};
  hello.largest_text = 0x0708;
  hello.shared = {5, 0x1000};
  hello.place = 6;
  hello.life = 7;
  hello.lines = LineKind::any;
  hello.command = "wc";
  return hello;
}

std::vector<Reject> example_rejects() {
  return {{1, 2, 3, 4, "x", "1,x\n"}, {UINT64_MAX, 1, 0, 0, "", ""}};
}

template <typename Decode>
std::string refusal_of(Decode decode, const std::string& details) {
  try {
    decode(details);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

/// Checks that fewer bytes and more bytes are refused.
template <typename Decode>
void check_length(Decode decode, const std::string& details, size_t least) {
  for (size_t size = least; size < details.size(); ++size) {
    CAPTURE(size);
    const std::string refusal = refusal_of(decode, details.substr(0, size));
    const bool is_refused = refusal == "a frame that ends too early" ||
                            refusal == "a length beyond the end of its frame";
    CHECK_MESSAGE(is_refused, refusal);
  }
  CHECK(refusal_of(decode, details + '\0') == "a frame with bytes left over");
}

}  // namespace

TEST_CASE("codec: the bytes of a hello") {
  CHECK(to_hex(encode(example_hello())) ==
        "01 02 01 02 00 01 3b "
        "02 01 00 00 00 00 00 00 04 03 00 00 00 00 00 00 06 05 00 00 00 00 00 00 "
        "08 07 00 00 00 00 00 00 05 00 00 00 00 10 00 00 00 00 00 00 "
        "06 00 00 00 07 00 00 00 "
        "02 00 00 00 00 00 00 00 31 2d "
        "02 00 00 00 00 00 00 00 77 63 "
        "03 00 00 00 00 00 00 00 "
        "05 00 00 00 00 00 00 00 61 2e 63 73 76 "
        "00 00 00 00 00 00 00 00 "
        "03 00 00 00 00 00 00 00 62 00 0a");
}

TEST_CASE("codec: the bytes of rejects") {
  CHECK(to_hex(encode(std::vector<Reject>{{1, 2, 3, 4, "x", "1,x\n"}})) ==
        "01 "
        "01 00 00 00 00 00 00 00 "
        "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 "
        "03 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 "
        "01 00 00 00 00 00 00 00 78 "
        "04 00 00 00 00 00 00 00 31 2c 78 0a");
}

TEST_CASE("codec: the bytes of a status") {
  CHECK(to_hex(encode(ExitStatus::downstream_closed)) == "01 8d 00 00 00");
}

TEST_CASE("codec: decoding gives back what was encoded") {
  CHECK(decode_hello(encode(example_hello())) == example_hello());
  CHECK(decode_hello(encode(Hello())) == Hello());
  CHECK(decode_rejects(encode(example_rejects())) == example_rejects());
  for (const int status : {0, 2, 65, 141, 255}) {
    CHECK(decode_status(encode(static_cast<ExitStatus>(status))) ==
          static_cast<ExitStatus>(status));
  }
}

TEST_CASE("codec: no rejects are no bytes") {
  CHECK(encode(std::vector<Reject>()).empty());
  CHECK(decode_rejects({}).empty());
}

TEST_CASE("codec: the number of rejects") {
  CHECK(count_rejects({}) == 0);
  const std::string details = encode(example_rejects());
  CHECK(count_rejects(details) == example_rejects().size());
  for (size_t size = 1; size < 1 + 8; ++size) {
    CHECK(refusal_of(count_rejects, details.substr(0, size)) == "a frame that ends too early");
  }
  CHECK(refusal_of(count_rejects, "\x02" + details.substr(1)) == "a frame of unknown byte order");
}

TEST_CASE("codec: details that are too short or too long") {
  check_length(decode_hello, encode(example_hello()), 0);
  check_length(decode_rejects, encode(example_rejects()), 1);  // no bytes at all are a value
  check_length(decode_status, encode(ExitStatus::io), 0);
}

TEST_CASE("codec: a hello of neither batches nor results") {
  for (const char content : {'\0', '\3', '\xff'}) {
    std::string details = encode(Hello());
    details[1] = content;
    CHECK(refusal_of(decode_hello, details) == "a hello of unknown content");
  }
}

TEST_CASE("codec: a hello of other header rows or lines than there are") {
  constexpr size_t header_at = 2, lines_at = 3;
  for (const size_t at : {header_at, lines_at}) {
    for (const char value : {'\0', '\1', '\2', '\3', '\xff'}) {
      CAPTURE(at);
      std::string details = encode(Hello());
      details[at] = value;
      CHECK(refusal_of(decode_hello, details) ==
            (value >= 0 && value <= 2 ? "nothing" : "a hello of unknown rows or lines"));
    }
  }
}

TEST_CASE("codec: a status is 0 to 255, and not 1") {
  CHECK(refusal_of(decode_status, from_hex("01 00 01 00 00")) == "a verdict that is no status");
  CHECK(refusal_of(decode_status, from_hex("01 ff ff ff ff")) == "a verdict that is no status");
  // Otherwise a worker that fails would look like a run with rejects.
  CHECK(refusal_of(decode_status, from_hex("01 01 00 00 00")) == "a verdict that is no status");
}

// A vector of 2^39 items would kill the program, or fail with other words than these.
TEST_CASE("codec: absurd lengths are refused before anything is allocated for them") {
  const std::string lengths[] = {"00 00 00 00 80 00 00 00", "ff ff ff ff ff ff ff ff",
                                 "00 00 00 00 00 00 00 80"};
  constexpr size_t length_of_fields_at = 1 + 6 + 4 * 8 + 4 + 8 + 4 + 4;
  constexpr size_t length_of_command_at = length_of_fields_at + 8 + 2;
  constexpr size_t count_of_inputs_at = length_of_command_at + 8 + 2;
  constexpr size_t length_of_input_at = count_of_inputs_at + 8;
  constexpr size_t count_of_rejects_at = 1;
  constexpr size_t length_of_reason_at = 1 + 8 + 4 * 8;
  const std::string refusal = "a length beyond the end of its frame";
  for (const std::string& length : lengths) {
    for (const size_t at :
         {length_of_fields_at, length_of_command_at, count_of_inputs_at, length_of_input_at}) {
      CHECK(refusal_of(decode_hello, encode(example_hello()).replace(at, 8, from_hex(length))) ==
            refusal);
    }
    for (const size_t at : {count_of_rejects_at, length_of_reason_at}) {
      CHECK(refusal_of(decode_rejects,
                       encode(example_rejects()).replace(at, 8, from_hex(length))) == refusal);
    }
  }
}
