#include "p2_sum/sum_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/simd/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "p2_sum/sum_rows.cpp"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR  // which has no vectors; see below
HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// --- Rows of single digits
// ------------------------------------------------------------------------

/// Sums rows whose fields are all single digits and whose ends are LF, from `row` on, as far as
/// they go; returns where the first other row begins (the last ones of the text are always left
/// over). A digit and its delimiter are one 16-bit lane, so a row is summed while its end is looked
/// for.
const char* sum_single_digits(const char* row, RowState& state) {
  const hn::ScalableTag<uint16_t> d;
  const hn::Repartition<uint8_t, decltype(d)> d8;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const auto pair =
      hn::Set(d, static_cast<uint16_t>('0' | static_cast<uint8_t>(state.dialect.delimiter) << 8));
  const auto nine = hn::Set(d, 9);
  const size_t lanes = hn::Lanes(d);
  const auto step = static_cast<ptrdiff_t>(2 * lanes);
  while (true) {
    const char* at = row;
    auto sums = hn::Zero(d64);
    auto digits = hn::Zero(d);
    auto is_pair = hn::FirstN(d, 0);
    while (true) {
      if (state.text_end - at < step) return row;
      const auto v = hn::LoadU(d8, reinterpret_cast<const uint8_t*>(at));
      digits = hn::Sub(hn::BitCast(d, v), pair);
      is_pair = hn::Eq(hn::Min(digits, nine), digits);
      if (!hn::AllTrue(d, is_pair)) break;
      sums = hn::Add(sums, hn::SumsOf8(hn::BitCast(d8, digits)));
      at += step;
    }
    const auto count = static_cast<size_t>(hn::FindFirstTrue(d, hn::Not(is_pair)));
    const char* const last = at + 2 * count;
    if (!is_digit(last[0]) || last[1] != '\n') return row;
    digits = hn::IfThenElseZero(hn::FirstN(d, count), digits);
    sums = hn::Add(sums, hn::SumsOf8(hn::BitCast(d8, digits)));
    const uint64_t sum =
        hn::GetLane(hn::SumOfLanes(d64, sums)) + static_cast<uint64_t>(*last - '0');
    row = state.finish_row(last + 1, static_cast<int64_t>(sum));
  }
}

// --- Rows of any integers
// -------------------------------------------------------------------------

/// Where the fields end in a stretch of text, as offsets from its beginning.
struct FieldIndex {
  static constexpr size_t longest = 16 << 10;  // bytes of text; all of it fits a first-level cache
  static constexpr size_t capacity = longest + 64;

  uint32_t ends[capacity];  // delimiters and row ends; of CR LF the CR
  size_t count = 0;
  uint32_t odd[capacity];  // bytes that no plain field has
  size_t odd_count = 0;
};

/// Appends the positions of the bits, plus `base`. May write up to 8 entries too many.
HWY_INLINE size_t append_positions(uint64_t bits, uint32_t base, uint32_t* to) {
  const auto count = static_cast<size_t>(std::popcount(bits));
  for (size_t done = 0; done < count; done += 8) {
    for (size_t i = 0; i < 8; ++i) {
      to[done + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

/// Fills `index` for `size` bytes that begin with a field.
void find_fields(const char* text, size_t size, char delimiter, FieldIndex& index) {
  const hn::ScalableTag<uint8_t> d;
  const auto delimiters = hn::Set(d, static_cast<uint8_t>(delimiter));
  index.count = index.odd_count = 0;
  uint64_t after_separator = 1;        // bit 0: the byte before the block ends a field
  uint64_t after_carriage_return = 0;  // bit 0: it is a CR
  for (size_t at = 0; at < size; at += 64) {
    const size_t length = std::min<size_t>(64, size - at);
    char padded[64] = {};
    const char* block = text + at;
    if (length < 64) block = static_cast<char*>(std::memcpy(padded, block, length));

    uint64_t line_feeds = 0, carriage_returns = 0, separators = 0, digits = 0, minuses = 0;
    const auto bits = [&](uint64_t& into, size_t i, auto mask) {
      hn::StoreMaskBits(d, mask, reinterpret_cast<uint8_t*>(&into) + i / 8);
    };
    for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(block) + i);
      const auto value = hn::Sub(v, hn::Set(d, '0'));
      bits(line_feeds, i, hn::Eq(v, hn::Set(d, '\n')));
      bits(carriage_returns, i, hn::Eq(v, hn::Set(d, '\r')));
      bits(separators, i, hn::Eq(v, delimiters));
      bits(digits, i, hn::Eq(hn::Min(value, hn::Set(d, 9)), value));
      bits(minuses, i, hn::Eq(v, hn::Set(d, '-')));
    }
    separators |= line_feeds | carriage_returns;
    const uint64_t ends =
        separators & ~(line_feeds & (carriage_returns << 1 | after_carriage_return));
    const uint64_t field_starts = separators << 1 | after_separator;
    uint64_t odd = ~(digits | separators | (minuses & field_starts));
    if (length < 64) odd &= (uint64_t{1} << length) - 1;
    after_separator = separators >> 63;
    after_carriage_return = carriage_returns >> 63;

    const auto base = static_cast<uint32_t>(at);
    index.count += append_positions(ends, base, index.ends + index.count);
    if (odd != 0) index.odd_count += append_positions(odd, base, index.odd + index.odd_count);
  }
}

/// Up to 24 digits a field, in three groups of eight, each summed by itself over the whole row.
class PlainSum {
  using Bytes = hn::FixedTag<uint8_t, 16>;

 public:
  /// So many digits can be added, and so many bytes before their end must be readable.
  static constexpr size_t most_digits = 24;

  HWY_ATTR PlainSum() : groups_(hn::Zero(hn::Repartition<uint64_t, Bytes>())) {}

  HWY_INLINE void add(const char* end, size_t count, bool negative) {
    const Bytes d;
    const hn::Repartition<uint16_t, Bytes> d16;
    const hn::Repartition<uint32_t, Bytes> d32;
    const hn::Repartition<uint64_t, Bytes> d64;
    // The last 16 bytes, with whatever is no digit of this field masked to 0.
    const auto text = hn::LoadU(d, reinterpret_cast<const uint8_t*>(end) - 16);
    const auto mask = hn::LoadU(d, digit_masks + (count < 16 ? count : 16));
    const auto digits = hn::And(text, mask);
    // Neighbours become one number of two digits, then four, then eight: low half first, which
    // holds the more significant one. Each multiplication adds both halves in its upper part.
    const auto pairs = hn::ShiftRight<8>(hn::Mul(hn::BitCast(d16, digits), hn::Set(d16, 2561)));
    const auto fours =
        hn::ShiftRight<16>(hn::Mul(hn::BitCast(d32, pairs), hn::Set(d32, (100 << 16) + 1)));
    const auto eights = hn::Add(hn::MulEven(fours, hn::Set(d32, 10000)),
                                hn::ShiftRight<32>(hn::BitCast(d64, fours)));
    const auto sign = hn::Set(d64, -uint64_t{negative});
    groups_ = hn::Add(groups_, hn::Sub(hn::Xor(eights, sign), sign));
    if (count > 16) add_leading(end - 16, count - 16, negative);
  }

  /// The sum, exactly; starts again from 0.
  HWY_INLINE Int128 take() {
    const hn::Repartition<int64_t, Bytes> d64;
    HWY_ALIGN int64_t groups[2];
    hn::Store(hn::BitCast(d64, groups_), d64, groups);
    groups_ = hn::Zero(hn::Repartition<uint64_t, Bytes>());
    Int128 sum = Int128{groups[0]} * 100'000'000 + groups[1];
    if (leading_ != 0) {
      sum += Int128{leading_} * 10'000'000'000'000'000;
      leading_ = 0;
    }
    return sum;
  }

 private:
  // Read at offset n it keeps the last n of 16 bytes, and of them the digit's value.
  static constexpr uint8_t digit_masks[32] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                              0,  0,  0,  0,  0,  15, 15, 15, 15, 15, 15,
                                              15, 15, 15, 15, 15, 15, 15, 15, 15, 15};

  HWY_INLINE void add_leading(const char* end, size_t count, bool negative) {
    uint64_t digits;
    std::memcpy(&digits, end - 8, sizeof digits);
    // The first digit is in the lowest byte; the bytes before it are shifted out and back in as 0.
    digits = (digits & 0x0f0f0f0f0f0f0f0f) >> (64 - 8 * count) << (64 - 8 * count);
    digits = (digits * 2561 >> 8) & 0x00ff00ff00ff00ff;
    digits = (digits * 6553601 >> 16) & 0x0000ffff0000ffff;
    digits = digits * 42949672960001 >> 32;
    leading_ += negative ? -static_cast<int64_t>(digits) : static_cast<int64_t>(digits);
  }

  // Two's complement: digits 16 to 9, and 8 to 1.
  hn::VFromD<hn::Repartition<uint64_t, Bytes>> groups_;
  int64_t leading_ = 0;  // digits 24 to 17
};

/// Sums the rows from `row` on, and returns where the first row begins that a stretch of text no
/// longer holds as a whole; at least one row.
const char* sum_any_integers(const char* row, const char* text_begin, RowState& state) {
  static thread_local FieldIndex index;
  const char delimiter = state.dialect.delimiter;
  const char* field = row;
  PlainSum plain;
  while (true) {
    const char* const base = field;
    const auto left = static_cast<size_t>(state.text_end - base);
    const size_t size = std::min(left, FieldIndex::longest);
    find_fields(base, size, delimiter, index);
    // The end of the text ends a field, unless a row ended there already.
    const bool is_last = size == left;
    if (is_last && (size == 0 || !is_row_end(base[size - 1]))) {
      index.ends[index.count++] = static_cast<uint32_t>(size);
    }
    // A field longer than the stretch.
    if (index.count == 0) index.ends[index.count++] = 0;
    index.odd[index.odd_count] = UINT32_MAX;

    size_t next_odd = 0;
    for (size_t i = 0; i < index.count;) {
      const char* end = base + index.ends[i++];
      const bool negative = end != field && *field == '-';
      const char* const first_digit = field + negative;
      const auto digits = static_cast<size_t>(end - first_digit);
      if (digits - 1 < PlainSum::most_digits && end <= base + index.odd[next_odd] &&
          end - text_begin >= static_cast<ptrdiff_t>(PlainSum::most_digits)) {
        plain.add(end, digits, negative);
      } else {
        end = state.add_field(field);
        while (i < index.count && base + index.ends[i] <= end) ++i;
        while (next_odd < index.odd_count && base + index.odd[next_odd] <= end) ++next_odd;
      }
      if (end != state.text_end && *end == delimiter) {
        field = end + 1;
        continue;
      }
      field = state.finish_row(end, plain.take());
      if (field == state.text_end) return field;
      const bool is_row_beyond = i == index.count;
      if (is_row_beyond) return field;
    }
  }
}

void sum_rows(RowState& state, const char* row) {
  const char* const text_begin = row;
  while (row != state.text_end) {
    row = sum_single_digits(row, state);
    if (row != state.text_end) row = sum_any_integers(row, text_begin, state);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace rowsum {

namespace {

/// The same, a byte at a time.
void sum_rows_scalar(RowState& state, const char* field) {
  // So many digits fit an int64_t whatever they are.
  constexpr ptrdiff_t few_digits = 18;
  const char* const text_end = state.text_end;
  const char delimiter = state.dialect.delimiter;
  Int128 plain = 0;
  while (field != text_end) {
    const char* end = field;
    while (true) {
      const bool negative = end != text_end && *end == '-';
      if (negative) ++end;
      const char* const digits = end;
      int64_t value = 0;
      while (end != text_end && is_digit(*end) && end - digits < few_digits) {
        value = 10 * value + (*end++ - '0');
      }
      if (end != digits && (end == text_end || *end == delimiter || is_row_end(*end))) {
        plain += negative ? -value : value;
      } else {
        end = state.add_field(field);
      }
      if (end == text_end || *end != delimiter) break;
      field = ++end;
    }
    field = state.finish_row(end, plain);
    plain = 0;
  }
}

/// For a delimiter that could be part of an integer: nothing can be said of a byte by itself.
void sum_rows_exactly(RowState& state, const char* field) {
  while (field != state.text_end) {
    const char* end = state.add_field(field);
    while (end != state.text_end && *end == state.dialect.delimiter) end = state.add_field(end + 1);
    field = state.finish_row(end, Int128{0});
  }
}

auto* kernel() {
  ROWSUM_BY_SIMD_LEVEL(sum_rows, sum_rows_scalar);
}

}  // namespace

void sum_rows(RowState& state) {
  const char delimiter = state.dialect.delimiter;
  if (is_digit(delimiter) || delimiter == '-') return sum_rows_exactly(state, state.row());
  kernel()(state, state.row());
}

}  // namespace rowsum
#endif
