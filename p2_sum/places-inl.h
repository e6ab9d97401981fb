// SPDX-License-Identifier: MIT
// For fields of up to ten digits: the sum of a row, place by place. Included once for each target
// (sum_rows.cpp).
//
// The sum of a row is the sum of its digits, each times the power of ten of its place. So no field
// has to be converted by itself. For every k, T(k) is the sum over the whole row of the digits that
// have at least k more digits after them in their field. Then
//
//     sum = T(0) + 9 T(1) + 90 T(2) + 900 T(3) + ...
//
// because a digit of place p counts in T(0) to T(p), and the weights of these add up to 10^p. The
// digits of T(k) are those of T(k-1) for which the k-th byte after them is a digit. So a place
// costs an AND and an addition for a whole vector of bytes. The digits of negative fields have
// their sign.

#if defined(ROWSUM_P2_SUM_PLACES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_P2_SUM_PLACES_INL_H
#undef ROWSUM_P2_SUM_PLACES_INL_H
#else
#define ROWSUM_P2_SUM_PLACES_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "p2_sum/stretch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// T(k) and all T after it, for each lane of a vector. This is a recursion and not a loop over an
/// array, because GCC would keep the array in memory.
template <int k>
class PlaceSums {
 public:
  static constexpr int places = 10;
  using Bytes = hn::ScalableTag<uint8_t>;
  using Vec = hn::VFromD<Bytes>;

  HWY_INLINE PlaceSums() : sums_(hn::Set(Bytes(), start)) {}

  /// `next_is_digit`: for the byte after each of these, 0xff if it is a digit and otherwise 0.
  HWY_INLINE void add(Vec digits, const uint8_t* next_is_digit) {
    sums_ = hn::Add(sums_, digits);
    longer_.add(hn::And(digits, hn::LoadU(Bytes(), next_is_digit)), next_is_digit + 1);
  }

  /// The weighted sum. Eight lanes of one byte become one lane.
  HWY_INLINE hn::VFromD<hn::Repartition<uint64_t, Bytes>> total() const {
    const hn::Repartition<uint32_t, Bytes> d32;
    const auto eights = hn::BitCast(d32, hn::SumsOf8(sums_));
    const auto sum = hn::MulEven(eights, hn::Set(d32, weight()));
    if constexpr (k + 1 == places) {
      return sum;
    } else {
      return hn::Add(sum, longer_.total());
    }
  }

  /// The digits that make a field longer than ten digits.
  HWY_INLINE Vec beyond() const { return longer_.beyond(); }

  /// The sum of total() over all lanes if nothing has been added.
  static constexpr uint64_t bias(size_t lanes) {
    return uint64_t{weight()} * start * lanes + PlaceSums<k + 1>::bias(lanes);
  }

 private:
  static constexpr uint8_t start = 0x80;  // so that sums can be unsigned
  static constexpr uint32_t weight() {
    uint32_t power = 9;
    for (int i = 1; i < k; ++i) power *= 10;
    return k == 0 ? 1 : power;
  }

  Vec sums_;
  PlaceSums<k + 1> longer_;
};

template <>
class PlaceSums<10> {
 public:
  using Bytes = hn::ScalableTag<uint8_t>;
  using Vec = hn::VFromD<Bytes>;

  HWY_INLINE PlaceSums() : digits_(hn::Zero(Bytes())) {}
  HWY_INLINE void add(Vec digits, const uint8_t*) { digits_ = hn::Or(digits_, digits); }
  HWY_INLINE Vec beyond() const { return digits_; }
  static constexpr uint64_t bias(size_t) { return 0; }

 private:
  Vec digits_;
};

/// Computes the sum of the fields that begin and end in [begin, end). Returns false if a field has
/// more than ten digits.
HWY_NOINLINE bool sum_places(const Stretch& stretch, size_t begin, size_t end, int64_t& sum) {
  const hn::ScalableTag<uint8_t> d;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const size_t lanes = hn::Lanes(d);
  const size_t most = 14 * lanes;  // a lane may differ from its start by 127: 14 digits
  const auto* const digits = reinterpret_cast<const uint8_t*>(stretch.digits());
  const uint8_t* const next_is_digit = stretch.digit_mask + 1;
  sum = 0;
  for (size_t at = begin; at < end;) {
    const size_t stop = std::min(end, at + most);
    PlaceSums<0> sums;
    for (; at + lanes <= stop; at += lanes) sums.add(hn::LoadU(d, digits + at), next_is_digit + at);
    if (at < stop) {
      const auto is_in = hn::FirstN(d, stop - at);
      sums.add(hn::IfThenElseZero(is_in, hn::LoadU(d, digits + at)), next_is_digit + at);
      at = stop;
    }
    if (!hn::AllTrue(d, hn::Eq(sums.beyond(), hn::Zero(d)))) return false;
    const uint64_t total = hn::GetLane(hn::SumOfLanes(d64, sums.total()));
    sum += static_cast<int64_t>(total - PlaceSums<0>::bias(lanes));
  }
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
