#include "common/worker/line_printer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rowsum {

namespace {

std::string line(uint64_t index, const ExactSum& sum) {
  LinePrinter printer;
  printer.begin(index);
  printer.print(sum);
  return std::string(printer.lines());
}

std::string line(uint64_t index, int64_t sum) {
  LinePrinter printer;
  printer.begin(index);
  printer.print(sum);
  return std::string(printer.lines());
}

ExactSum sum_of(bool negative, std::string_view digits) {
  ExactSum sum;
  sum.add_digits(negative, digits);
  return sum;
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
  ExactSum sum;
  CHECK(line(0, sum) == "0,0\n");
  sum.add(-12);
  CHECK(line(7, sum) == "7,-12\n");
  CHECK(line(UINT64_MAX, sum) == "18446744073709551615,-12\n");
}

TEST_CASE("line_printer: line after line, and rows without one") {
  LinePrinter printer;
  printer.begin(8);
  CHECK(printer.lines() == "");
  printer.print(int64_t{0});
  printer.print(int64_t{-5});
  printer.skip();
  printer.print(sum_of(true, "99999999999999999999"));
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

TEST_CASE("line_printer: sums about every limit") {
  for (const std::string digits :
       {"1", "999999999999999999", "1000000000000000000", "9223372036854775806",
        "9223372036854775807", "9223372036854775808", "9223372036854775809", "9999999999999999999",
        "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105728"}) {
    CHECK(line(3, sum_of(false, digits)) == "3," + digits + "\n");
    CHECK(line(3, sum_of(true, digits)) == "3,-" + digits + "\n");
  }
  const std::string digits(1000, '7');
  CHECK(line(UINT64_MAX, sum_of(true, digits)) == "18446744073709551615,-" + digits + "\n");
}

TEST_CASE("line_printer: small summands, and a sum that is not") {
  ExactSum sum;
  sum.add(INT64_MAX);
  CHECK(line(0, sum) == "0,9223372036854775807\n");
  sum.add(1);
  CHECK(line(0, sum) == "0,9223372036854775808\n");
  sum.add(-1);
  CHECK(line(0, sum) == "0,9223372036854775807\n");
  sum.clear();
  sum.add(INT64_MIN);
  CHECK(line(0, sum) == "0,-9223372036854775808\n");
  sum.add(-1);
  CHECK(line(0, sum) == "0,-9223372036854775809\n");
}

}  // namespace rowsum
