// SPDX-License-Identifier: MIT
#include "common/worker/line_printer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rowsum {

namespace {

using namespace std::string_view_literals;

/// The line of a sum or of a text.
template <typename Value>
std::string line(uint64_t index, const Value& value) {
  LinePrinter printer;
  printer.begin(index);
  printer.print(value);
  return std::string(printer.lines());
}

}  // namespace

TEST_CASE("line_printer: many rows at once") {
  for (const uint64_t first : {uint64_t{0}, uint64_t{95}, uint64_t{99'999'999}}) {
    std::vector<int64_t> sums;
    for (const int64_t around : {int64_t{0}, int64_t{1'000}, int64_t{10'000}, int64_t{-10'000}}) {
      for (int64_t sum = around - 12; sum < around + 12; ++sum) sums.push_back(sum);
    }
    sums.insert(sums.end(), {INT64_MAX, INT64_MIN, 99'999'999, 100'000'000});
    std::string expected;
    for (size_t i = 0; i < sums.size(); ++i) {
      expected += std::to_string(first + i) + ',' + std::to_string(sums[i]) + '\n';
    }
    LinePrinter printer;
    printer.begin(first);
    printer.print(sums.data(), 1);
    printer.print(sums.data() + 1, sums.size() - 1);
    CHECK(printer.lines() == expected);
  }
}

TEST_CASE("line_printer: index, sum, LF") {
  CHECK(line(0, int64_t{0}) == "0,0\n");
  CHECK(line(7, int64_t{-12}) == "7,-12\n");
  CHECK(line(UINT64_MAX, int64_t{-12}) == "18446744073709551615,-12\n");
}

TEST_CASE("line_printer: line after line, and rows without one") {
  LinePrinter printer;
  printer.begin(8);
  CHECK(printer.lines() == "");
  printer.print(int64_t{0});
  printer.print(int64_t{-5});
  printer.skip();
  printer.print("-99999999999999999999"sv);
  printer.print(int64_t{15});
  CHECK(printer.lines() == "8,0\n9,-5\n11,-99999999999999999999\n12,15\n");
  printer.begin(3);
  CHECK(printer.lines() == "");
  printer.print(int64_t{1});
  CHECK(printer.lines() == "3,1\n");
}

TEST_CASE("line_printer: indices count through every length") {
  for (uint64_t limit = 1; limit != 0 && limit <= UINT64_MAX / 10; limit *= 10) {
    const uint64_t first = limit < 150 ? 0 : limit - 150;
    LinePrinter printer;
    printer.begin(first);
    std::string expected;
    for (uint64_t index = first; index < first + 300; ++index) {
      if (index % 3 == 1) {
        printer.skip();
      } else {
        printer.print(static_cast<int64_t>(index % 7) - 3);
        expected += std::to_string(index) + "," +
                    std::to_string(static_cast<int64_t>(index % 7) - 3) + "\n";
      }
    }
    REQUIRE(printer.lines() == expected);
  }
}

TEST_CASE("line_printer: small sums of every length") {
  for (int64_t limit = 1; limit <= INT64_MAX / 10; limit *= 10) {
    for (const int64_t sum : {limit - 1, limit, limit + 1, 9 * limit, -limit, 1 - limit}) {
      REQUIRE(line(0, sum) == "0," + std::to_string(sum) + "\n");
    }
  }
  for (const int64_t sum : {INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_MAX - 1}) {
    CHECK(line(0, sum) == "0," + std::to_string(sum) + "\n");
  }
}

TEST_CASE("line_printer: each line of a text in a line of its own") {
  LinePrinter printer;
  printer.begin(98);
  printer.print_each("");
  CHECK(printer.lines() == "");
  printer.print_each("\n");
  printer.print_each("a,b\r\n\nc");
  printer.skip();
  printer.print_each("d");
  printer.print(int64_t{7});
  CHECK(printer.lines() == "98,\n99,a,b\r\n100,\n101,c\n103,d\n104,7\n");
  printer.begin(0);
  printer.print_each("e\n");
  CHECK(printer.lines() == "0,e\n");
}

TEST_CASE("line_printer: each line of a long text") {
  for (const uint64_t first : {uint64_t{0}, uint64_t{99'999'990}, UINT64_MAX - 1000}) {
    std::string text, expected;
    for (uint64_t i = 0; i < 1000; ++i) {
      const std::string value(i % 50 == 0 ? i * 20 : (i + 1) % 3, static_cast<char>('a' + i % 26));
      text += value + "\n";
      expected += std::to_string(first + i) + "," + value + "\n";
    }
    LinePrinter printer;
    printer.begin(first);
    printer.print_each(text);
    CHECK(printer.lines() == expected);
    text.pop_back();
    printer.begin(first);
    printer.print_each(text);
    CHECK(printer.lines() == expected);
  }
}

TEST_CASE("line_printer: texts of every length") {
  CHECK(line(0, ""sv) == "0,\n");
  CHECK(line(3, " a,\"b\"\r\t\0 "sv) == "3, a,\"b\"\r\t\0 \n"sv);
  LinePrinter printer;
  printer.begin(UINT64_MAX - 100);
  std::string expected;
  for (size_t length = 0; length < 100; ++length) {
    const std::string text(length * length, static_cast<char>('a' + length % 26));
    printer.print(std::string_view(text));
    expected += std::to_string(UINT64_MAX - 100 + length) + "," + text + "\n";
  }
  CHECK(printer.lines() == expected);
}

}  // namespace rowsum
