// SPDX-License-Identifier: MIT
#include "p2_sum/exact_sum.h"

#include <doctest/doctest.h>

#include <boost/multiprecision/gmp.hpp>
#include <ctime>
#include <random>
#include <string>
#include <vector>

namespace rowsum {

namespace {

using boost::multiprecision::mpz_int;

std::string printed(const ExactSum& sum) {
  std::string text;
  sum.print(text);
  return text;
}

/// An ExactSum and what GMP makes of the same summands.
class Compared {
 public:
  void add(bool negative, const std::string& digits) {
    sum_.add_digits(negative, digits);
    // GMP takes a leading 0 for octal.
    const size_t first = digits.find_first_not_of('0');
    if (first == std::string::npos) return;
    const mpz_int value(digits.substr(first));
    expected_ += negative ? mpz_int(-value) : value;
  }
  void add(int64_t summand) {
    sum_.add(summand);
    expected_ += summand;
  }
  void check() const { CHECK(printed(sum_) == expected_.str()); }

  const ExactSum& sum() const { return sum_; }
  const mpz_int& expected() const { return expected_; }

 private:
  ExactSum sum_;
  mpz_int expected_;
};

std::string random_digits(std::mt19937& random, size_t count) {
  std::string digits(count, '0');
  // In runs of 0 and of 9, carries go furthest.
  const char* const choices[] = {"0123456789", "9", "09", "0000000001"};
  const std::string_view alphabet = choices[random() % 4];
  for (char& digit : digits) digit = alphabet[random() % alphabet.size()];
  return digits;
}

std::string power_of_ten(size_t exponent) {
  return "1" + std::string(exponent, '0');
}

}  // namespace

TEST_CASE("exact_sum: nothing is zero") {
  ExactSum sum;
  CHECK(sum.is_small());
  CHECK(sum.small() == 0);
  CHECK(printed(sum) == "0");
  sum.add_digits(true, "0");
  sum.add_digits(true, std::string(1000, '0'));
  sum.add_digits(false, "");
  sum.add(0);
  CHECK(printed(sum) == "0");
}

TEST_CASE("exact_sum: printing appends") {
  ExactSum sum;
  sum.add(-7);
  std::string text = "sum ";
  sum.print(text);
  CHECK(text == "sum -7");
}

TEST_CASE("exact_sum: beyond 64 bits, either way") {
  Compared sum;
  for (int i = 0; i < 5; ++i) {
    sum.add(INT64_MAX);
    sum.check();
  }
  for (int i = 0; i < 11; ++i) {
    sum.add(INT64_MIN);
    sum.check();
  }
  sum.add(INT64_MAX);
  sum.check();
}

TEST_CASE("exact_sum: the digits about every limit") {
  for (size_t digits = 1; digits <= 60; ++digits) {
    for (const std::string& value :
         {std::string(digits, '9'), power_of_ten(digits), power_of_ten(digits - 1) + "1",
          std::string(digits, '0') + "5", std::string(digits, '1')}) {
      CAPTURE(value);
      for (const bool negative : {false, true}) {
        Compared sum;
        sum.add(negative, value);
        sum.check();
        sum.add(negative ? -1 : 1);
        sum.check();
        sum.add(negative, value);
        sum.check();
      }
    }
  }
  for (const char* value :
       {"9223372036854775807", "9223372036854775808", "18446744073709551616",
        "170141183460469231731687303715884105727", "170141183460469231731687303715884105728",
        "340282366920938463463374607431768211456"}) {
    for (const bool negative : {false, true}) {
      Compared sum;
      sum.add(negative, value);
      sum.check();
      sum.add(negative, value);
      sum.check();
    }
  }
}

TEST_CASE("exact_sum: carries and borrows run through all limbs") {
  for (const size_t digits : {18, 19, 36, 37, 54, 200, 2000}) {
    CAPTURE(digits);
    Compared sum;
    sum.add(false, std::string(digits, '9'));
    sum.add(1);
    CHECK(printed(sum.sum()) == power_of_ten(digits));
    sum.add(-1);
    CHECK(printed(sum.sum()) == std::string(digits, '9'));
    sum.add(true, power_of_ten(digits));
    CHECK(printed(sum.sum()) == "-1");
    sum.add(true, std::string(digits, '9'));
    CHECK(printed(sum.sum()) == "-" + power_of_ten(digits));
    sum.add(1);
    sum.check();
  }
}

TEST_CASE("exact_sum: cancels to zero and to either sign") {
  std::mt19937 random(1);
  for (const size_t digits : {1, 17, 18, 19, 38, 100, 1000}) {
    const std::string value = "1" + random_digits(random, digits);
    CAPTURE(value);
    Compared sum;
    sum.add(false, value);
    sum.add(true, value);
    CHECK(printed(sum.sum()) == "0");
    sum.add(-1);
    CHECK(printed(sum.sum()) == "-1");
    sum.add(2);
    CHECK(printed(sum.sum()) == "1");
    sum.add(true, value);
    sum.check();
  }
}

TEST_CASE("exact_sum: random summands, as GMP adds them") {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    Compared sum;
    const size_t longest = i % 3 == 0 ? 20 : i % 3 == 1 ? 100 : 2000;
    const size_t summands = 1 + random() % 20;
    for (size_t j = 0; j < summands; ++j) {
      if (random() % 4 == 0) {
        const uint64_t bits = uint64_t{random()} << 32 | random();
        sum.add(static_cast<int64_t>(bits));
      } else {
        sum.add(random() % 2 == 0, random_digits(random, random() % longest));
      }
    }
    sum.check();
    // Almost everything cancels, and only a small rest is left.
    std::string digits = sum.expected().str();
    const bool is_negative = digits.front() == '-';
    sum.add(!is_negative, digits.substr(is_negative));
    CHECK(printed(sum.sum()) == "0");
    sum.add(is_negative, "12345678901234567890");
    sum.check();
  }
}

TEST_CASE("exact_sum: many summands") {
  Compared sum;
  const std::string nines(40, '9');
  ExactSum exact;
  constexpr int summands = 100'000;
  for (int i = 0; i < summands; ++i) exact.add_digits(i % 3 == 0, nines);
  const mpz_int expected = mpz_int(nines) * (summands - 2 * ((summands + 2) / 3));
  CHECK(printed(exact) == expected.str());
}

TEST_CASE("exact_sum: is small while small() is all of it") {
  ExactSum sum;
  sum.add(5);
  sum.add_digits(true, "000000000000000000000000000000000000000000000008");
  CHECK(sum.is_small());
  CHECK(sum.small() == -3);
  sum.add_digits(false, power_of_ten(40));
  CHECK_FALSE(sum.is_small());
  CHECK(printed(sum) == std::string(38, '9') + "97");
  sum.clear();
  CHECK(sum.is_small());
  CHECK(sum.small() == 0);
  CHECK(printed(sum) == "0");
  sum.add_digits(false, power_of_ten(20));
  CHECK(printed(sum) == power_of_ten(20));
}

TEST_CASE("exact_sum: ten million digits take no time to speak of") {
  constexpr size_t digits = 10'000'000;
  const std::string nines(digits, '9');
  const std::clock_t begin = std::clock();
  ExactSum sum;
  sum.add_digits(false, nines);
  sum.add(1);
  std::string text = printed(sum);
  CHECK((text == power_of_ten(digits)));
  sum.add_digits(true, nines);
  sum.add_digits(true, nines);
  text = printed(sum);
  CHECK((text == "-" + std::string(digits - 1, '9') + "8"));
  // This is enough for a debug build on a loaded machine. Quadratic time would be hours.
  CHECK((std::clock() - begin) / CLOCKS_PER_SEC < 20);
}

}  // namespace rowsum
