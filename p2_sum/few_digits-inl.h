// SPDX-License-Identifier: MIT
// For fields of up to three digits: the sums of rows as differences of running sums. Included once
// for each target (sum_rows.cpp).
//
// Each digit is multiplied by the power of ten of its place. The products are added up from the
// start of the stretch, with one running sum for every two bytes. The sum of the fields between two
// positions is the difference of the running sums there. So a row costs two loads and a
// subtraction, however short it is.

#if defined(ROWSUM_P2_SUM_FEW_DIGITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_P2_SUM_FEW_DIGITS_INL_H
#undef ROWSUM_P2_SUM_FEW_DIGITS_INL_H
#else
#define ROWSUM_P2_SUM_FEW_DIGITS_INL_H
#endif

#include <hwy/highway.h>

#include "p2_sum/stretch-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The products of digits and weights, added up for each pair of bytes. On x86 this is one
/// instruction, for which Highway 1.0 has no name. Elsewhere it takes nine.
template <class D16, class V, class VI>
HWY_INLINE hn::VFromD<D16> sum_of_products(D16 d16, V weights, VI digits) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_EMU128
  if constexpr (hn::MaxLanes(d16) == 8) {
    return hn::VFromD<D16>{_mm_maddubs_epi16(weights.raw, digits.raw)};
#if HWY_TARGET <= HWY_AVX2
  } else {
    return hn::VFromD<D16>{_mm256_maddubs_epi16(weights.raw, digits.raw)};
#endif
  }
#else
  const auto w = hn::BitCast(d16, weights);  // below 128
  const auto n = hn::BitCast(d16, digits);
  const auto lower =
      hn::Mul(hn::ShiftRight<8>(hn::ShiftLeft<8>(w)), hn::ShiftRight<8>(hn::ShiftLeft<8>(n)));
  return hn::Add(lower, hn::Mul(hn::ShiftRight<8>(w), hn::ShiftRight<8>(n)));
#endif
}

class RunningSums {
 public:
  RunningSums() { sums_[0] = 0; }

  /// Computes the running sums of a stretch. Returns false if a field has more than three digits.
#if HWY_TARGET == HWY_AVX3
  HWY_NOINLINE bool add_up(const Stretch& stretch) {
    const hn::ScalableTag<int16_t> d16;
    const auto zero = _mm512_setzero_si512();
    auto before = zero;
    for (size_t at = 0; at < stretch.shown; at += 64) {
      const uint64_t is_digit = stretch.digit_bits[at / 64];
      const uint64_t after = at + 64 < stretch.shown ? stretch.digit_bits[at / 64 + 1] : 0;
      const uint64_t tens = is_digit >> 1 | after << 63;
      const uint64_t hundreds = tens & (is_digit >> 2 | after << 62);
      const uint64_t thousands = hundreds & (is_digit >> 3 | after << 61);
      if ((thousands & is_digit) != 0) return false;
      auto weights = _mm512_mask_mov_epi8(_mm512_set1_epi8(1), tens, _mm512_set1_epi8(10));
      weights = _mm512_mask_mov_epi8(weights, hundreds, _mm512_set1_epi8(100));
      hn::VFromD<decltype(d16)> sums{
          _mm512_maddubs_epi16(weights, _mm512_load_si512(stretch.digits() + at))};
      sums = hn::Add(sums, hn::ShiftLeftLanes<1>(d16, sums));
      sums = hn::Add(sums, hn::ShiftLeftLanes<2>(d16, sums));
      sums = hn::Add(sums, hn::ShiftLeftLanes<4>(d16, sums));
      // The sums so far are within blocks of 16 bytes. Each block gets the sum of those before it.
      const auto all = hn::Broadcast<7>(sums).raw;
      auto blocks = _mm512_alignr_epi64(all, zero, 6);
      blocks = _mm512_add_epi16(blocks, _mm512_alignr_epi64(blocks, zero, 6));
      blocks = _mm512_add_epi16(blocks, _mm512_alignr_epi64(blocks, zero, 4));
      const auto to_here = _mm512_add_epi16(before, blocks);
      _mm512_storeu_si512(sums_ + at / 2 + 1, _mm512_add_epi16(sums.raw, to_here));
      const auto with_last = _mm512_add_epi16(blocks, all);
      before = _mm512_add_epi16(before, _mm512_shuffle_i64x2(with_last, with_last, 0xff));
    }
    return true;
  }
#else
  HWY_NOINLINE bool add_up(const Stretch& stretch) {
    const hn::CappedTag<uint8_t, 32> d;
    const hn::RebindToSigned<decltype(d)> di;
    const hn::Repartition<int16_t, decltype(d)> d16;
    constexpr size_t lanes = hn::MaxLanes(d);
    auto before = hn::Zero(d16);
    for (size_t at = 0; at < stretch.shown; at += lanes) {
      const auto digits = hn::Load(di, stretch.digits() + at);
      const auto tens = hn::LoadU(d, stretch.digit_mask + at + 1);
      const auto hundreds = hn::And(tens, hn::LoadU(d, stretch.digit_mask + at + 2));
      const auto thousands = hn::And(hundreds, hn::LoadU(d, stretch.digit_mask + at + 3));
      if (!hn::AllTrue(di, hn::Eq(hn::And(hn::BitCast(di, thousands), digits), hn::Zero(di)))) {
        return false;
      }
      const auto weights = hn::Add(hn::Add(hn::Set(d, 1), hn::And(tens, hn::Set(d, 10 - 1))),
                                   hn::And(hundreds, hn::Set(d, 100 - 10)));
      auto sums = sum_of_products(d16, weights, digits);
      sums = hn::Add(sums, hn::ShiftLeftLanes<1>(d16, sums));
      sums = hn::Add(sums, hn::ShiftLeftLanes<2>(d16, sums));
      sums = hn::Add(sums, hn::ShiftLeftLanes<4>(d16, sums));
      // The sums so far are within blocks of 16 bytes. A vector has one or two blocks.
      auto all = hn::Broadcast<7>(sums);
      if constexpr (lanes == 32) {
        sums = hn::Add(sums, hn::ConcatLowerLower(d16, all, hn::Zero(d16)));
        all = hn::Add(all, hn::ConcatLowerUpper(d16, all, all));
      }
      hn::StoreU(hn::Add(sums, before), d16, sums_ + at / 2 + 1);
      before = hn::Add(before, all);
    }
    return true;
  }
#endif

  /// The sum of the fields from the one that begins at `begin` to the one whose delimiter or row
  /// end stands at `end`.
  int64_t between(size_t begin, size_t end) const {
    // The byte before `begin` and the one at `end` are no digits, so it does not matter whether
    // they are counted.
    return of_pairs(begin / 2, (end + 1) / 2);
  }

  /// Computes the sums of `count` consecutive rows, the first of which begins at `begin`.
  void of_rows(size_t begin, const uint32_t* row_ends, size_t count, int64_t* sums) const {
    size_t from = begin / 2;
    for (size_t i = 0; i < count; ++i) {
      const size_t to = (size_t{row_ends[i]} + 1) / 2;
      sums[i] = of_pairs(from, to);
      from = to;
    }
  }

 private:
  int64_t of_pairs(size_t from, size_t to) const {
    if (HWY_LIKELY(to - from <= most)) return difference(from, to);
    int64_t sum = 0;
    for (; to - from > most; from += most) sum += difference(from, from + most);
    return sum + difference(from, to);
  }

  /// The running sums are modulo 2^16. 64 pairs of bytes hold at most 32 fields of 999, so their
  /// sum is small enough.
  static constexpr size_t most = 64;

  int16_t difference(size_t from, size_t to) const {
    return static_cast<int16_t>(sums_[to] - sums_[from]);
  }

  int16_t sums_[(Stretch::longest + Stretch::margin) / 2];  // of the bytes before each pair
};

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
