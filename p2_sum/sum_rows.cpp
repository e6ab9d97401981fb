#include "p2_sum/sum_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/simd/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "p2_sum/sum_rows.cpp"
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
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

// --- Rows of any integers ---------------------------------------------------------------------
//
// A row's sum is the sum of its digits, each times the power of ten of its place. So no field is
// converted by itself: for every k, the digits that have at least k more digits after them in their
// field are added up, T(k), over the whole row, and
//
//     sum = T(0) + 9 T(1) + 90 T(2) + 900 T(3) + ...
//
// for a digit of place p counts in T(0) to T(p), whose weights add up to 10^p. A digit has k more
// after it when the k bytes that follow are digits: one AND a place for a whole vector of bytes.
// The digits of negative fields carry their sign.

/// A stretch of text, looked at once: what its bytes are, and where its rows end.
struct Stretch {
  static constexpr size_t longest = 16 << 10;  // bytes of text: with all this, no more than a cache
  static constexpr size_t padding = 128;       // readable after it, and no digits

  alignas(64) int8_t digits[longest + padding];       // with sign; 0 for what is no digit
  alignas(64) uint8_t digit_mask[longest + padding];  // 0xff for a digit, otherwise 0
  uint32_t row_ends[longest + padding];               // offsets; of CR LF the CR's
  size_t rows;
  uint32_t odd[longest + padding];  // offsets of what no plain field has, or of what follows it
  size_t odds;
  size_t last_separator;  // one past it; 0: there is none

  /// The exact path has seen to these bytes.
  void clear(size_t begin, size_t end) {
    std::memset(digits + begin, 0, end - begin);
    std::memset(digit_mask + begin, 0, end - begin);
  }
};

/// Appends the positions of the bits, plus `base`. May write up to 3 entries too many.
HWY_INLINE size_t append_positions(uint64_t bits, uint32_t base, uint32_t* to) {
  const auto count = static_cast<size_t>(std::popcount(bits));
  for (size_t done = 0; done < count; done += 4) {
    for (size_t i = 0; i < 4; ++i) {
      to[done + i] = base + static_cast<uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
  }
  return count;
}

/// Looks at `size` bytes that begin with a field. `ends_text`: after them a row ends, if it has
/// not.
void look(const char* text, size_t size, char delimiter, bool ends_text, Stretch& stretch) {
  const hn::ScalableTag<uint8_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto delimiters = hn::Set(d, static_cast<uint8_t>(delimiter));
  const bool lacks_row_end = ends_text && (size == 0 || !is_row_end(text[size - 1]));
  const size_t shown = size + lacks_row_end;
  stretch.rows = stretch.odds = stretch.last_separator = 0;
  uint64_t after_separator = 1;        // bit 0: the byte before the block ends a field
  uint64_t after_carriage_return = 0;  // bit 0: it is a CR
  uint64_t after_minus = 0;            // bit 0: it is a minus
  uint64_t in_negative = 0;            // bit 0: it is a digit of a negative field
  for (size_t at = 0; at < shown; at += 64) {
    const char* block = text + at;
    char padded[64];
    if (at + 64 > size) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, block, size - at);
      if (lacks_row_end) padded[size - at] = '\n';
      block = padded;
    }

    uint64_t line_feeds = 0, carriage_returns = 0, separators = 0, digits = 0, minuses = 0;
    const auto bits = [&](uint64_t& into, size_t i, auto mask) {
      hn::StoreMaskBits(d, mask, reinterpret_cast<uint8_t*>(&into) + i / 8);
    };
    for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
      const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(block) + i);
      const auto value = hn::Sub(v, hn::Set(d, '0'));
      const auto mask = hn::Eq(hn::Min(value, hn::Set(d, 9)), value);
      hn::Store(hn::VecFromMask(d, mask), d, stretch.digit_mask + at + i);
      hn::Store(hn::BitCast(di, hn::IfThenElseZero(mask, value)), di, stretch.digits + at + i);
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
    minuses &= field_starts;
    const uint64_t after_minuses = minuses << 1 | after_minus;
    uint64_t odd = ~(digits | separators | minuses) |           // no byte of a plain field
                   (separators & ~crlf_tails & field_starts) |  // an empty field, a blank line
                   (after_minuses & ~digits);                   // a minus by itself
    if (shown - at < 64) odd &= (uint64_t{1} << (shown - at)) - 1;

    const uint64_t first_negatives = digits & (after_minuses | in_negative);
    in_negative = 0;
    if (first_negatives != 0) {
      // Each one's carry runs through the digits that follow it, and clears them.
      const uint64_t negatives = digits & ~(digits + first_negatives);
      in_negative = negatives >> 63;
      for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
        const auto* const byte = reinterpret_cast<const uint8_t*>(&negatives) + i / 8;
        const auto sign = hn::VecFromMask(di, hn::LoadMaskBits(di, byte));
        int8_t* const to = stretch.digits + at + i;
        hn::Store(hn::Sub(hn::Xor(hn::Load(di, to), sign), sign), di, to);
      }
    }
    after_separator = separators >> 63;
    after_carriage_return = carriage_returns >> 63;
    after_minus = minuses >> 63;

    const auto base = static_cast<uint32_t>(at);
    stretch.rows += append_positions(row_ends, base, stretch.row_ends + stretch.rows);
    if (odd != 0) stretch.odds += append_positions(odd, base, stretch.odd + stretch.odds);
    if (separators != 0) {
      stretch.last_separator = at + 64 - static_cast<size_t>(std::countl_zero(separators));
    }
  }
  stretch.clear(shown, shown + 64);
  stretch.odd[stretch.odds] = UINT32_MAX;
}

/// The weight of T(k), 9 * 10^(k-1).
constexpr uint32_t weight(int k) {
  uint32_t power = 9;
  for (int i = 1; i < k; ++i) power *= 10;
  return k == 0 ? 1 : power;
}

/// T(`First`) to T(`First + Count - 1`) of some bytes, each times its weight, which is taken as 9
/// for T(`First`) if that is not 0, so that it fits 32 bits. `too_long`: a field has more digits.
template <int First, int Count>
HWY_INLINE int64_t sum_places(const Stretch& stretch, size_t begin, size_t end, bool& too_long) {
  const hn::ScalableTag<uint8_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Repartition<uint32_t, decltype(d)> d32;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const size_t lanes = hn::Lanes(d);
  const size_t most = 14 * lanes;  // a lane holds 127, which is 14 digits
  int64_t sum = 0;
  auto longer = hn::Zero(d);
  for (size_t at = begin; at < end;) {
    const size_t stop = std::min(end, at + most);
    hn::VFromD<decltype(di)> sums[Count];
    for (int k = 0; k < Count; ++k) sums[k] = hn::Zero(di);
    for (; at < stop; at += lanes) {
      auto digits = hn::LoadU(di, stretch.digits + at);
      if (at + lanes > stop) digits = hn::IfThenElseZero(hn::FirstN(di, stop - at), digits);
      auto run = hn::LoadU(d, stretch.digit_mask + at);
      for (int k = 1; k <= First; ++k) {
        run = hn::And(run, hn::LoadU(d, stretch.digit_mask + at + k));
      }
      for (int k = 0; k < Count; ++k) {
        sums[k] = hn::Add(sums[k], hn::And(digits, hn::BitCast(di, run)));
        run = hn::And(run, hn::LoadU(d, stretch.digit_mask + at + First + k + 1));
      }
      longer = hn::Or(longer, hn::And(run, hn::BitCast(d, digits)));
    }
    // Eight lanes become one, with a bias that makes them unsigned and is taken off again.
    auto total = hn::Zero(d64);
    uint64_t bias = 0;
    for (int k = 0; k < Count; ++k) {
      const uint32_t w = weight(First == 0 ? k : k + 1);
      const auto eights = hn::SumsOf8(hn::Xor(hn::BitCast(d, sums[k]), hn::Set(d, 0x80)));
      total = hn::Add(total, hn::MulEven(hn::BitCast(d32, eights), hn::Set(d32, w)));
      bias += uint64_t{w} * 0x80 * lanes;
    }
    sum += static_cast<int64_t>(hn::GetLane(hn::SumOfLanes(d64, total)) - bias);
    at = stop;
  }
  too_long = !hn::AllTrue(d, hn::Eq(longer, hn::Zero(d)));
  return sum;
}

/// How many digits the fields may have: the fewer, the less work.
enum class Width { three, ten, nineteen };
constexpr size_t most_digits = 19;

/// The sum of some whole plain fields. `width` is tried, and raised to what is needed; false if
/// that is more than there is.
HWY_INLINE bool sum_fields(const Stretch& stretch, size_t begin, size_t end, Width& width,
                           Int128& sum) {
  bool too_long = true;
  if (width == Width::three) {
    sum = sum_places<0, 3>(stretch, begin, end, too_long);
    if (!too_long) return true;
    width = Width::ten;
  }
  const int64_t lower = sum_places<0, 10>(stretch, begin, end, too_long);
  if (width == Width::ten && !too_long) {
    sum = lower;
    return true;
  }
  width = Width::nineteen;
  sum = Int128{sum_places<10, 9>(stretch, begin, end, too_long)} * 1'000'000'000 + lower;
  return !too_long;
}

/// Sums rows, a stretch of text after another.
class StretchSummer {
 public:
  explicit StretchSummer(RowState& state) : state_(state) {}

  /// Sums what can be summed of the stretch that begins at `text` and returns where to go on: after
  /// the last row that is in it as a whole or, if there is none, the last field.
  const char* sum(const char* text) {
    text_ = text;
    const auto left = static_cast<size_t>(state_.text_end - text);
    const size_t size = std::min(left, Stretch::longest);
    look(text, size, state_.dialect.delimiter, size == left, stretch_);
    begin_ = next_odd_ = 0;
    width_ = Width::three;
    for (size_t row = 0; row < stretch_.rows && begin_ < size + is_in_row_; ++row) {
      // Those before it are inside the quotes of a field that has been seen to.
      const size_t end = stretch_.row_ends[row];
      if (end >= begin_ && sum_up_to(end)) finish_row(end);
    }
    if (begin_ > 0 || size == 0) return text + begin_;
    // A row longer than the stretch, or a field.
    is_in_row_ = true;
    if (stretch_.last_separator == 0) {
      go_on_after(offset(state_.add_field(text)));
    } else if (sum_up_to(stretch_.last_separator - 1)) {
      begin_ = stretch_.last_separator;
    }
    return text + begin_;
  }

  /// The last row went on after the last stretch.
  bool is_in_row() const { return is_in_row_; }

 private:
  size_t offset(const char* at) const { return static_cast<size_t>(at - text_); }

  void finish_row(size_t end) {
    begin_ = offset(state_.finish_row(text_ + end, plain_));
    plain_ = 0;
    is_in_row_ = false;
  }

  /// A field outside the fast path ended here.
  void go_on_after(size_t field_end) {
    const char* const end = text_ + field_end;
    if (end == state_.text_end || is_row_end(*end)) return finish_row(field_end);
    begin_ = field_end + 1;
    is_in_row_ = true;
  }

  /// Adds the fields from begin_ to the separator at `end`. False when that one turned out to be in
  /// a quoted field: begin_ is after that field then.
  bool sum_up_to(size_t end) {
    while (stretch_.odd[next_odd_] <= end) {
      size_t field = stretch_.odd[next_odd_];
      while (field > begin_ && text_[field - 1] != state_.dialect.delimiter) --field;
      const size_t field_end = offset(state_.add_field(text_ + field));
      while (next_odd_ < stretch_.odds && stretch_.odd[next_odd_] <= field_end) ++next_odd_;
      if (field_end > end) {
        add_plain(field);
        go_on_after(field_end);
        return false;
      }
      stretch_.clear(field, field_end);
    }
    add_plain(end);
    return true;
  }

  void add_plain(size_t end) {
    Int128 sum = 0;
    if (!sum_fields(stretch_, begin_, end, width_, sum)) {
      add_long_fields(end);
      sum_fields(stretch_, begin_, end, width_, sum);
    }
    plain_ += sum;
  }

  void add_long_fields(size_t end) {
    for (size_t at = begin_; at < end; ++at) {
      const size_t first = at;
      while (stretch_.digit_mask[at] != 0) ++at;
      if (at - first <= most_digits) continue;
      const bool is_signed = first > begin_ && text_[first - 1] == '-';
      state_.add_field(text_ + first - is_signed);
      stretch_.clear(first, at);
    }
  }

  RowState& state_;
  Stretch stretch_;
  const char* text_ = nullptr;
  size_t begin_ = 0;  // what is before it has been summed
  size_t next_odd_ = 0;
  Width width_ = Width::three;
  Int128 plain_ = 0;  // of the current row so far, but for what add_field() got
  bool is_in_row_ = false;
};

void sum_rows(RowState& state, const char* row) {
  StretchSummer summer(state);
  while (row != state.text_end || summer.is_in_row()) {
    if (!summer.is_in_row()) row = sum_single_digits(row, state);
    if (row != state.text_end || summer.is_in_row()) row = summer.sum(row);
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
