// SPDX-License-Identifier: MIT
#include "common/worker/decimal.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace rowsum;

namespace {

std::string printed(uint64_t value) {
  char bytes[40];
  return {bytes, print_decimal(bytes, value)};
}

}  // namespace

TEST_CASE("decimal: eight digits of every value there is") {
  std::string expected(8, '0');
  for (uint32_t value = 0; value < 100'000'000; ++value) {
    const uint64_t word = eight_digits(value);
    if (std::memcmp(&word, expected.data(), 8) != 0) FAIL(expected);
    size_t at = 8;
    while (at > 0 && ++expected[at - 1] > '9') expected[--at] = '0';
  }
}

TEST_CASE("decimal: values around each power of ten, and any others") {
  for (uint64_t power = 1, digits = 1; digits <= 20; power *= 10, ++digits) {
    for (const uint64_t value : {power - 1, power, power + 1, 2 * power - 1}) {
      CHECK(printed(value) == std::to_string(value));
    }
  }
  CHECK(printed(UINT64_MAX) == std::to_string(UINT64_MAX));
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t value = random() >> random() % 64;
    if (printed(value) != std::to_string(value)) FAIL(value);
  }
}

TEST_CASE("decimal: the ends of lines with small sums") {
  for (size_t sum = 0; sum < small_line_ends.size(); ++sum) {
    const std::string expected = ',' + std::to_string(sum) + '\n';
    char bytes[8];
    std::memcpy(bytes, &small_line_ends[sum], sizeof bytes);
    const auto size = static_cast<size_t>(bytes[7]);
    if (size > 7 || std::string(bytes, size) != expected) FAIL(sum);
  }
}

TEST_CASE("decimal: a counter goes through every carry") {
  for (const uint64_t first :
       {uint64_t{0}, uint64_t{99'990}, uint64_t{99'999'990}, uint64_t{9'999'999'999'990},
        UINT64_MAX - 20, uint64_t{1'099'995}, uint64_t{999'999'985}}) {
    DecimalCounter counter(first);
    for (uint64_t i = 0; i < 20; ++i) {
      char bytes[40];
      CHECK(std::string(bytes, counter.print(bytes)) == std::to_string(first + i));
      counter.advance();
    }
  }
}
