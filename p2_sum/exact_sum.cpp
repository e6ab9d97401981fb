// SPDX-License-Identifier: MIT
#include "p2_sum/exact_sum.h"

#include <algorithm>
#include <charconv>

namespace rowsum {

namespace {

constexpr size_t limb_digits = 18;
constexpr Int128 limb_base = 1'000'000'000'000'000'000;

/// Makes every limb at least 0 and below the base, and returns what is carried out of the last one.
Int128 carry_through(std::vector<Int128>& limbs) {
  Int128 carry = 0;
  for (Int128& limb : limbs) {
    limb += carry;
    carry = limb / limb_base;
    limb %= limb_base;
    if (limb < 0) {
      limb += limb_base;
      --carry;
    }
  }
  return carry;
}

}  // namespace

void ExactSum::add_digits(bool negative, std::string_view digits) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  const size_t count = (digits.size() + limb_digits - 1) / limb_digits;
  if (count > 1 && limbs_.size() < count) limbs_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t end = digits.size() - i * limb_digits;
    int64_t limb = 0;
    for (size_t at = end > limb_digits ? end - limb_digits : 0; at < end; ++at) {
      limb = 10 * limb + (digits[at] - '0');
    }
    (count > 1 ? limbs_[i] : small_) += negative ? -limb : limb;
  }
}

void ExactSum::print(std::string& to) const {
  std::vector<Int128> limbs = limbs_;
  if (limbs.empty()) limbs.push_back(0);
  limbs[0] += small_;
  Int128 carry = carry_through(limbs);
  if (carry < 0) {
    to += '-';
    for (Int128& limb : limbs) limb = -limb;
    carry = -carry + carry_through(limbs);
  }
  for (; carry > 0; carry /= limb_base) limbs.push_back(carry % limb_base);
  while (limbs.size() > 1 && limbs.back() == 0) limbs.pop_back();

  char digits[limb_digits + 1];
  const auto print_limb = [&](Int128 limb) {
    const auto end = std::to_chars(digits, std::end(digits), static_cast<int64_t>(limb)).ptr;
    return std::string_view(digits, end);
  };
  to += print_limb(limbs.back());
  for (size_t i = limbs.size() - 1; i-- > 0;) {
    const std::string_view shown = print_limb(limbs[i]);
    to.append(limb_digits - shown.size(), '0').append(shown);
  }
}

}  // namespace rowsum
