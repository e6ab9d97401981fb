// SPDX-License-Identifier: MIT
#include "p1_read/header_rows.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

using namespace std::string_literals;

BatcherOptions with_header() {
  BatcherOptions options;
  options.header = HeaderRow::skip;
  return options;
}

/// What read() finds in a file, of which reading begins in the middle.
std::string header_in(const std::string& text, const BatcherOptions& options = with_header()) {
  const TemporaryDirectory directory;
  write_file(directory.file("in.csv"), text);
  Inputs inputs({directory.file("in.csv")});
  inputs.begin_at(text.size());
  HeaderRows headers({}, Dialect());
  headers.read(inputs, options);
  return headers.of(0);
}

}  // namespace

TEST_CASE("header_rows: each input has its own, until it is forgotten") {
  HeaderRows headers({}, Dialect());
  Batcher batcher(with_header(), 0);
  const std::string rows[] = {"a,b\n", "c\r\n", "d"};
  for (uint32_t input = 0; input < 3; ++input) {
    batcher.begin_input(input, "in.csv");
    headers.note(batcher);  // too soon
    CHECK(headers.of(input) == "");
    batcher.feed(rows[input]);
    if (input < 2) batcher.feed("1\n");
    batcher.end_input();
    headers.note(batcher);
    headers.note(batcher);
    CHECK(headers.of(input) == rows[input]);
    batcher.take_full();
  }
  CHECK(headers.of(0) == rows[0]);
  CHECK(headers.of(1) == rows[1]);
  headers.forget_before(1);
  CHECK(headers.of(0) == "");
  CHECK(headers.of(1) == rows[1]);
  CHECK(headers.of(2) == rows[2]);
  headers.forget_before(3);
  CHECK(headers.of(2) == "");
}

TEST_CASE("header_rows: inputs without any have none") {
  HeaderRows headers({}, Dialect());
  Batcher batcher({}, 0);
  batcher.begin_input(0, "in.csv");
  batcher.feed("a,b\n1,2\n");
  headers.note(batcher);
  CHECK(headers.of(0) == "");
  CHECK(header_in("a,b\n1,2\n", {}) == "");
}

TEST_CASE("header_rows: that of a file of which the beginning has been read before") {
  CHECK(header_in("a,b\n1,2\n") == "a,b\n");
  CHECK(header_in("a,b\r\n1,2\n") == "a,b\r\n");
  CHECK(header_in("\xEF\xBB\xBF\"a\n\"\"\",b\r1\n") == "\"a\n\"\"\",b\r");
  CHECK(header_in("\n1\n") == "\n");
  const std::string longest = std::string(300'000, 'a') + ",b\n";
  CHECK(header_in(longest + "1\n") == longest);
  CHECK(header_in("") == "");
}

TEST_CASE("header_rows: a header that is too long") {
  BatcherOptions options = with_header();
  options.max_row = 3;
  CHECK(header_in("a,b\n1\n", options) == "a,b\n");
  const Thrown thrown = thrown_by([&] { header_in("a,bc\n1\n", options); });
  CHECK(thrown.status == ExitStatus::bad_data);
  CHECK(thrown.message.ends_with("in.csv: row 0 (byte 0): longer than 3 bytes (--max-row)"));
}

}  // namespace rowsum
