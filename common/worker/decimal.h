// SPDX-License-Identifier: MIT
// Unsigned integers as decimal digits, eight at a time.
//
// eight_digits() divides by 100 and by 10 for all digits at once, within one 64-bit word (SWAR).
// The divisions are multiplications with a reciprocal. They are exact for every value below 10^8
// (the tests try all).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace rowsum {

static_assert(std::endian::native == std::endian::little, "digits are stored as whole words");

/// The eight digits of `value`, which is below 10^8, with leading zeros. The first digit is in the
/// lowest byte.
inline uint64_t eight_digits(uint32_t value) {
  const uint64_t halves = value / 10000 | uint64_t{value % 10000} << 32;
  const uint64_t hundreds = (halves * 10486 >> 20) & 0x0000007f0000007f;
  const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
  const uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000f;
  return (tens | (pairs - 10 * tens) << 8) + 0x3030303030303030;
}

/// By how many bits to shift the result of eight_digits() to remove leading zeros. The number 0
/// keeps one.
inline int leading_zero_bits(uint64_t digits) {
  const uint64_t nonzero = (digits & 0x0f0f0f0f0f0f0f0f) | uint64_t{1} << 56;
  return std::countr_zero(nonzero) & ~7;
}

/// The same for a value below 10^4, in the lowest four bytes.
inline uint32_t four_digits(uint32_t value) {
  const uint32_t pairs = value / 100 | (value % 100) << 16;
  const uint32_t tens = (pairs * 103 >> 10) & 0x000f000f;
  return (tens | (pairs - 10 * tens) << 8) + 0x30303030;
}

/// What follows the index in the line of a small sum, below 10^4: a comma, the sum and LF. The last
/// byte says how many bytes these are.
inline constexpr auto small_line_ends = [] {
  std::array<uint64_t, 10'000> ends{};
  for (size_t sum = 0; sum < ends.size(); ++sum) {
    uint64_t bytes = '\n';
    uint64_t size = 1;
    size_t rest = sum;
    do {
      bytes = bytes << 8 | static_cast<uint64_t>('0' + rest % 10);
      ++size;
    } while (rest /= 10);
    ends[sum] = bytes << 8 | ',' | (size + 1) << 56;
  }
  return ends;
}();

/// Writes `value` in decimal and returns where it ends. Up to 8 bytes after that are overwritten.
inline char* print_decimal(char* at, uint64_t value) {
  constexpr uint64_t base = 100'000'000;
  if (value < 10'000) {
    const int skipped = (value < 1000) + (value < 100) + (value < 10);
    const uint32_t word = four_digits(static_cast<uint32_t>(value)) >> (8 * skipped);
    std::memcpy(at, &word, sizeof word);
    return at + 4 - skipped;
  }
  if (value >= base) {
    at = print_decimal(at, value / base);
    const uint64_t word = eight_digits(static_cast<uint32_t>(value % base));
    std::memcpy(at, &word, sizeof word);
    return at + 8;
  }
  const uint64_t digits = eight_digits(static_cast<uint32_t>(value));
  const int skipped = leading_zero_bits(digits);
  const uint64_t word = digits >> skipped;
  std::memcpy(at, &word, sizeof word);
  return at + (8 - skipped / 8);
}

/// A number that counts up by one and is printed after each step. Most steps change one digit only.
class DecimalCounter {
 public:
  explicit DecimalCounter(uint64_t value) : value_(value) { recompute(); }

  /// Writes the current value as print_decimal() does.
  char* print(char* at) const {
    if (upper_size_ != 0)
      at = static_cast<char*>(std::memcpy(at, upper_, sizeof upper_)) + upper_size_;
    const uint64_t word = digits_ >> skipped_;
    std::memcpy(at, &word, sizeof word);
    return at + lower_size_;
  }

  void advance() {
    ++value_;
    digits_ += uint64_t{1} << 56;
    if (digits_ >= uint64_t{'9' + 1} << 56) carry();
  }

 private:
  /// Carries from the last digit to the one before it.
  void carry() {
    digits_ += (uint64_t{1} << 48) - (uint64_t{10} << 56);
    if (((digits_ >> 48) & 0xff) > '9' || skipped_ == 56) recompute();
  }
  void recompute() {
    constexpr uint64_t base = 100'000'000;
    digits_ = eight_digits(static_cast<uint32_t>(value_ % base));
    skipped_ = 0;
    upper_size_ = 0;
    if (value_ >= base) {
      char printed[32];
      upper_size_ = static_cast<size_t>(print_decimal(printed, value_ / base) - printed);
      std::memcpy(upper_, printed, sizeof upper_);
    } else {
      skipped_ = leading_zero_bits(digits_);
    }
    lower_size_ = static_cast<size_t>(8 - skipped_ / 8);
  }

  uint64_t value_;
  uint64_t digits_ = 0;    // eight_digits() of the last eight digits of the value
  int skipped_ = 0;        // how many bits of digits_ are leading zeros
  size_t lower_size_ = 0;  // how many bytes of digits_ are not
  char upper_[16] = {};    // the digits of the value before these
  size_t upper_size_ = 0;
};

}  // namespace rowsum
