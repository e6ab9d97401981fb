// SPDX-License-Identifier: MIT
// A stretch of text, whose bytes are scanned once: which of them are digits, where rows end, and
// which fields are not plain. Included once for each target (sum_rows.cpp).

#if defined(ROWSUM_P2_SUM_STRETCH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_P2_SUM_STRETCH_INL_H
#undef ROWSUM_P2_SUM_STRETCH_INL_H
#else
#define ROWSUM_P2_SUM_STRETCH_INL_H
#endif

#include <hwy/highway.h>

#include <bit>
#include <cstring>

#include "common/csv/field_parser.h"
#include "common/simd/mask_bits-inl.h"

#include "common/simd/before_kernels-inl.h"
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

struct Stretch {
  static constexpr size_t longest = 16 << 10;  // bytes of text; all of this fits in a cache
  static constexpr size_t margin = 128;        // bytes before and after it: readable, and no digits

  Stretch() { std::memset(digits_, 0, margin); }

  int8_t* digits() { return digits_ + margin; }  // with their signs; 0 for a byte that is no digit
  const int8_t* digits() const { return digits_ + margin; }
  size_t blocks() const { return (shown + 63) / 64; }

  alignas(64) uint8_t digit_mask[longest + margin];  // 0xff for a digit, otherwise 0
  uint64_t digit_bits[(longest + margin) / 64];  // the same as bits, a block of 64 bytes in each
  uint32_t row_ends[longest + margin];           // offsets; for CR LF that of the CR
  size_t rows;
  uint32_t unplain_at[longest + margin];  // offsets of bytes that show that a field is not plain
  size_t unplain_count;
  size_t shown;  // bytes, including a row end that the text lacks

 private:
  alignas(64) int8_t digits_[margin + longest + margin];
};

/// Appends the positions of the ones in `bits`, plus `base`, and returns how many there are. May
/// write up to 15 entries too many.
HWY_INLINE size_t append_positions(uint64_t bits, uint32_t base, uint32_t* to) {
  const auto count = static_cast<size_t>(std::popcount(bits));
#if HWY_TARGET == HWY_AVX3
  if (count > 4) {
    const hn::ScalableTag<uint8_t> d;
    const hn::ScalableTag<uint32_t> d32;
    // Highway 1.0 has no names for these instructions.
    auto positions = _mm512_maskz_compress_epi8(bits, hn::Iota(d, 0).raw);
    for (size_t done = 0; done < count; done += 16) {
      const auto few = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(positions));
      hn::StoreU(hn::Add(hn::VFromD<decltype(d32)>{few}, hn::Set(d32, base)), d32, to + done);
      positions = _mm512_alignr_epi64(positions, positions, 2);
    }
    return count;
  }
#endif
  for (size_t done = 0; done < count; done += 4) {
    for (size_t i = 0; i < 4; ++i) {
      to[done + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

/// Scans `size` bytes, at the first of which a field begins. `ends_text`: they are the end of the
/// text, so the last row ends with them even if it lacks its row end.
///
/// A minus counts as a sign wherever no digit comes before it, also after padding or a quote.
/// Whether the field around it is an integer is decided by the code that handles what is not plain.
HWY_NOINLINE void look(const char* text, size_t size, char delimiter, bool ends_text,
                       Stretch& stretch) {
  const hn::ScalableTag<uint8_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto delimiters = hn::Set(d, static_cast<uint8_t>(delimiter));
  const bool lacks_row_end = ends_text && (size == 0 || !is_row_end(text[size - 1]));
  const size_t shown = size + lacks_row_end;
  size_t rows = 0, unplain_count = 0;
  uint64_t after_separator = 1;        // bit 0: the byte before the block ends a field
  uint64_t after_carriage_return = 0;  // bit 0: that byte is a CR
  uint64_t after_digit = 0;            // bit 0: it is a digit
  uint64_t after_minus = 0;            // bit 0: that byte is a sign
  uint64_t in_negative = 0;            // bit 0: that byte is a digit of a negative field
  char tail[64] = {};
  std::memcpy(tail, text + size / 64 * 64, size % 64);
  if (lacks_row_end) tail[size % 64] = '\n';
  for (size_t at = 0; at < shown; at += 64) {
    const char* const block = at + 64 > size ? tail : text + at;
    uint64_t line_feeds = 0, carriage_returns = 0, separators = 0, digits = 0, minuses = 0;
    const auto bits = [&](uint64_t& into, size_t i, auto mask) { into |= mask_bits(d, mask) << i; };
    for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(block) + i);
      const auto value = hn::Sub(v, hn::Set(d, '0'));
      const auto mask = hn::Eq(hn::Min(value, hn::Set(d, 9)), value);
      hn::Store(hn::VecFromMask(d, mask), d, stretch.digit_mask + at + i);
      hn::Store(hn::BitCast(di, hn::IfThenElseZero(mask, value)), di, stretch.digits() + at + i);
      bits(digits, i, mask);
      bits(line_feeds, i, hn::Eq(v, hn::Set(d, '\n')));
      bits(carriage_returns, i, hn::Eq(v, hn::Set(d, '\r')));
      bits(separators, i, hn::Eq(v, delimiters));
      bits(minuses, i, hn::Eq(v, hn::Set(d, '-')));
    }
    separators |= line_feeds | carriage_returns;
    const uint64_t crlf_tails = line_feeds & (carriage_returns << 1 | after_carriage_return);
    const uint64_t row_ends = (line_feeds & ~crlf_tails) | carriage_returns;
    const uint64_t field_starts = separators << 1 | after_separator;
    minuses &= ~(digits << 1 | after_digit);
    const uint64_t after_minuses = minuses << 1 | after_minus;
    const uint64_t unplain = ~(digits | separators | minuses) |  // no byte of a plain field
                             (separators & ~crlf_tails & field_starts) |  // empty field, blank line
                             (after_minuses & ~digits);                   // a minus by itself

    const uint64_t first_negatives = digits & (after_minuses | in_negative);
    in_negative = 0;
    if (first_negatives != 0) {
      // The carry of each one runs through the digits that follow it, and clears them.
      const uint64_t negatives = digits & ~(digits + first_negatives);
      in_negative = negatives >> 63;
      for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
        const auto* const byte = reinterpret_cast<const uint8_t*>(&negatives) + i / 8;
        const auto sign = hn::VecFromMask(di, hn::LoadMaskBits(di, byte));
        int8_t* const to = stretch.digits() + at + i;
        hn::Store(hn::Sub(hn::Xor(hn::Load(di, to), sign), sign), di, to);
      }
    }
    after_separator = separators >> 63;
    after_carriage_return = carriage_returns >> 63;
    after_digit = digits >> 63;
    after_minus = minuses >> 63;

    const auto base = static_cast<uint32_t>(at);
    stretch.digit_bits[at / 64] = digits;
    rows += append_positions(row_ends, base, stretch.row_ends + rows);
    if (unplain != 0)
      unplain_count += append_positions(unplain, base, stretch.unplain_at + unplain_count);
  }
  while (unplain_count > 0 && stretch.unplain_at[unplain_count - 1] >= shown) --unplain_count;
  stretch.rows = rows;
  stretch.unplain_count = unplain_count;
  stretch.shown = shown;
  std::memset(stretch.digits() + shown, 0, 64);
  std::memset(stretch.digit_mask + shown, 0, 64);
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
