// SPDX-License-Identifier: MIT
// For rows whose fields are single digits. Included once for each target (sum_rows.cpp).

#if defined(ROWSUM_P2_SUM_SINGLE_DIGITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_P2_SUM_SINGLE_DIGITS_INL_H
#undef ROWSUM_P2_SUM_SINGLE_DIGITS_INL_H
#else
#define ROWSUM_P2_SUM_SINGLE_DIGITS_INL_H
#endif

#include <hwy/highway.h>

#include <iterator>

#include "p2_sum/row_collector.h"

HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Sums rows from `row` on, as long as all of their fields are single digits and they end with LF.
/// Returns where the first other row begins. The last rows of the text are always left over. A
/// digit and its delimiter are one 16-bit lane, so a row is summed while its end is searched for.
const char* sum_single_digits(const char* row, RowCollector& collector) {
  const hn::ScalableTag<uint16_t> d;
  const hn::Repartition<uint8_t, decltype(d)> d8;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const auto pair = hn::Set(
      d, static_cast<uint16_t>('0' | static_cast<uint8_t>(collector.dialect.delimiter) << 8));
  const auto nine = hn::Set(d, 9);
  const size_t lanes = hn::Lanes(d);
  const auto step = static_cast<ptrdiff_t>(2 * lanes);
  int64_t row_sums[256];
  size_t rows = 0;
  const auto finish = [&] {
    if (rows > 0) collector.finish_rows(row_sums, rows, row - 1);
    rows = 0;
    return row;
  };
  while (true) {
    const char* at = row;
    auto sums = hn::Zero(d64);
    auto digits = hn::Zero(d);
    auto is_pair = hn::FirstN(d, 0);
    while (true) {
      if (collector.text_end - at < step) return finish();
      const auto v = hn::LoadU(d8, reinterpret_cast<const uint8_t*>(at));
      digits = hn::Sub(hn::BitCast(d, v), pair);
      is_pair = hn::Eq(hn::Min(digits, nine), digits);
      if (!hn::AllTrue(d, is_pair)) break;
      sums = hn::Add(sums, hn::SumsOf8(hn::BitCast(d8, digits)));
      at += step;
    }
    const auto count = static_cast<size_t>(hn::FindFirstTrue(d, hn::Not(is_pair)));
    const char* const last = at + 2 * count;
    if (!is_digit(last[0]) || last[1] != '\n') return finish();
    digits = hn::IfThenElseZero(hn::FirstN(d, count), digits);
    sums = hn::Add(sums, hn::SumsOf8(hn::BitCast(d8, digits)));
    const uint64_t sum =
        hn::GetLane(hn::SumOfLanes(d64, sums)) + static_cast<uint64_t>(*last - '0');
    row = last + 2;
    row_sums[rows++] = static_cast<int64_t>(sum);
    if (rows == std::size(row_sums)) finish();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
