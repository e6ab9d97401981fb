// SPDX-License-Identifier: MIT
// For fields of up to 24 digits: they are added up like numbers written one below the other on
// paper. Included once for each target (sum_rows.cpp).
//
// A vector holds a field with its last digit in the last lane, so that lanes are columns. Fields
// are added up digit by digit, and only the sums of the columns are multiplied by their powers of
// ten. The work for a field does not depend on its length, so this way is good for long fields.

#if defined(ROWSUM_P2_SUM_LONG_FIELDS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_P2_SUM_LONG_FIELDS_INL_H
#undef ROWSUM_P2_SUM_LONG_FIELDS_INL_H
#else
#define ROWSUM_P2_SUM_LONG_FIELDS_INL_H
#endif

#include <hwy/highway.h>

#include "p2_sum/exact_sum.h"
#include "p2_sum/stretch-inl.h"

#include "common/simd/before_kernels-inl.h"
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The runs of digits in a stretch. Run i reaches from begins[i] to before ends[i].
struct Runs {
  uint32_t begins[Stretch::longest / 2 + 64];
  uint32_t ends[Stretch::longest / 2 + 64];
};

/// Finds the runs. The last one is followed by a run that begins beyond every stretch.
inline void find_runs(const Stretch& stretch, Runs& runs) {
  size_t begun = 0, ended = 0;
  uint64_t after_digit = 0;  // bit 0: the byte before the block is a digit
  for (size_t block = 0; block < stretch.blocks(); ++block) {
    const uint64_t digits = stretch.digit_bits[block];
    const uint64_t follows_digit = digits << 1 | after_digit;
    const auto base = static_cast<uint32_t>(64 * block);
    begun += append_positions(digits & ~follows_digit, base, runs.begins + begun);
    ended += append_positions(follows_digit & ~digits, base, runs.ends + ended);
    after_digit = digits >> 63;
  }
  runs.ends[ended] = static_cast<uint32_t>(stretch.shown);
  runs.begins[begun] = UINT32_MAX;
}

constexpr size_t columns = 32;

/// Masks for runs of digits. In the `columns` bytes before the end of a run of n digits, the
/// `columns` bytes from `bytes + n` on mask the run.
struct RunMask {
  uint8_t bytes[2 * columns] = {};
  constexpr RunMask() {
    for (size_t i = columns; i < 2 * columns; ++i) bytes[i] = 0xff;
  }
};

/// Adds to `sum` the runs from `run` on that begin before `end`, up to a run of more than 24
/// digits. Returns the first run that it has not added.
inline size_t sum_columns(const Stretch& stretch, const Runs& runs, size_t run, size_t end,
                          Int128& sum) {
  constexpr size_t most_digits = 24;
  static constexpr RunMask run_mask;
  const hn::CappedTag<int8_t, columns> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Repartition<int16_t, decltype(d)> d16;
  const hn::Repartition<int32_t, decltype(d)> d32;
  constexpr size_t lanes = hn::MaxLanes(d);
  constexpr size_t parts = columns / lanes;

  hn::VFromD<decltype(d32)> fours[parts];  // each lane: four columns
  for (size_t i = 0; i < parts; ++i) fours[i] = hn::Zero(d32);
  bool is_short = true;
  while (is_short && runs.begins[run] < end) {
    hn::VFromD<decltype(d)> sums[parts];
    for (size_t i = 0; i < parts; ++i) sums[i] = hn::Zero(d);
    const size_t stop = run + 14;  // a lane holds up to 127, which is enough for 14 digits
    for (; run < stop && runs.begins[run] < end; ++run) {
      const size_t length = runs.ends[run] - runs.begins[run];
      if (length > most_digits) {
        is_short = false;
        break;
      }
      const int8_t* const digits = stretch.digits() + runs.ends[run] - columns;
      const uint8_t* const mask = run_mask.bytes + length;
      for (size_t i = 0; i < parts; ++i) {
        const auto is_in = hn::BitCast(d, hn::LoadU(du, mask + i * lanes));
        sums[i] = hn::Add(sums[i], hn::And(hn::LoadU(d, digits + i * lanes), is_in));
      }
    }
    for (size_t i = 0; i < parts; ++i) {
      const auto ones = hn::BitCast(d16, sums[i]);
      const auto tens = hn::ShiftRight<8>(hn::ShiftLeft<8>(ones));
      const auto twos =
          hn::BitCast(d32, hn::Add(hn::Mul(tens, hn::Set(d16, 10)), hn::ShiftRight<8>(ones)));
      const auto hundreds = hn::ShiftRight<16>(hn::ShiftLeft<16>(twos));
      fours[i] = hn::Add(fours[i],
                         hn::Add(hn::Mul(hundreds, hn::Set(d32, 100)), hn::ShiftRight<16>(twos)));
    }
  }
  int32_t all[columns / 4];
  for (size_t i = 0; i < parts; ++i) hn::StoreU(fours[i], d32, all + i * (lanes / 4));
  const auto eight = [&](size_t i) { return int64_t{all[i]} * 10'000 + all[i + 1]; };
  sum += (Int128{eight(2)} * 100'000'000 + eight(4)) * 100'000'000 + eight(6);
  return run;
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
