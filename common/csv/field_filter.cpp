// SPDX-License-Identifier: MIT
#include "common/csv/field_filter.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "common/csv/row_automaton.h"
#include "common/simd/bits.h"
#include "common/simd/dispatch.h"
#include "common/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/csv/field_filter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// With vectors, the text is looked at in blocks of 64 bytes. What is known about a block are words
// of 64 bits, in which bit i is about byte i. Each block takes four steps:
//
// 1. Delimiters and row ends are found, and those in quotes are left out.
// 2. Some delimiters are edges: a selected range begins or ends there. Which ones is known before
//    any row is seen: it depends on how many delimiters the row has had. One instruction moves this
//    knowledge to where the delimiters stand, so it costs the same for every list of fields.
// 3. What is selected are the bytes from each edge where a range begins to the next edge or row
//    end. One subtraction finds all of them.
// 4. The selected bytes are moved together.
//
// When a long row has passed its last edge, all that is left of it is selected, or nothing. Then
// only its end is looked for.

#if HWY_TARGET != HWY_SCALAR  // HWY_SCALAR has no vectors; see below
#include "common/simd/mask_bits-inl.h"

#include "common/simd/before_kernels-inl.h"
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::ScalableTag<uint8_t>;

constexpr int block_size = 64;

template <class Condition>
HWY_INLINE uint64_t bits_where(Condition condition, const char* block) {
  const Bytes d;
  uint64_t bits = 0;
  for (size_t i = 0; i < block_size; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(block) + i);
    bits |= mask_bits(d, condition(v)) << i;
  }
  return bits;
}

HWY_INLINE uint64_t places_of(char byte, const char* block) {
  const auto wanted = hn::Set(Bytes(), static_cast<uint8_t>(byte));
  return bits_where([=](auto v) { return hn::Eq(v, wanted); }, block);
}

HWY_INLINE uint64_t quotes_and_row_ends(const char* block) {
  const Bytes d;
  const auto lf = hn::Set(d, '\n');
  const auto cr = hn::Set(d, '\r');
  const auto quotes = hn::Set(d, quote);
  const auto condition = [=](auto v) {
    return hn::Or(hn::Or(hn::Eq(v, lf), hn::Eq(v, cr)), hn::Eq(v, quotes));
  };
  return bits_where(condition, block);
}

HWY_INLINE void copy_block(const char* from, char* to) {
  const Bytes d;
  for (size_t i = 0; i < block_size; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(from) + i);
    hn::StoreU(v, d, reinterpret_cast<uint8_t*>(to) + i);
  }
}

/// Bit i of `pattern` moves to the i-th one of `places`.
HWY_INLINE uint64_t deposit(uint64_t pattern, uint64_t places) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  return _pdep_u64(pattern, places);
#else
  uint64_t bits = 0;
  for (; pattern != 0 && places != 0; pattern >>= 1, places &= places - 1) {
    if (pattern & 1) bits |= lowest_one(places);
  }
  return bits;
#endif
}

/// Which of the next 64 delimiters of a row are edges. Bit 0 is about the very next one.
struct Edges {
  uint64_t first = 0;   // the first selected field of the row comes after it
  uint64_t begins = 0;  // another range begins after it
  uint64_t ends = 0;    // a range ends before it
};

/// Which delimiters of a row are edges.
class EdgeTable {
 public:
  explicit EdgeTable(std::span<const FieldRange> ranges) {
    for (const FieldRange& range : ranges) {
      // The first delimiter is number 0, and lies between the fields 1 and 2.
      if (range.first > 1) {
        Edges& edges = edges_at(range.first - 2);
        (&range == &ranges.front() ? edges.first : edges.begins) |= bit_of(range.first - 2);
      }
      if (!range.is_open()) edges_at(range.last - 1).ends |= bit_of(range.last - 1);
    }
    words_.emplace_back();
  }

  /// The edges are among so many delimiters.
  uint64_t size() const { return size_; }

  /// The edges from this delimiter on.
  HWY_NOINLINE Edges from(uint64_t delimiter) const {
    const uint64_t number = delimiter / 64;
    const Word* word = words_.data();
    while (word->number < number) ++word;
    const Edges low = word->number == number ? word++->edges : Edges();
    const Edges high = word->number == number + 1 ? word->edges : Edges();
    const uint64_t shift = delimiter % 64;
    const auto joined = [shift](uint64_t lower, uint64_t higher) {
      return lower >> shift | higher << 1 << (63 - shift);
    };
    return {joined(low.first, high.first), joined(low.begins, high.begins),
            joined(low.ends, high.ends)};
  }

 private:
  /// The edges from delimiter 64 * number on. Words without edges are left out, but for the last
  /// one, which is never reached.
  struct Word {
    uint64_t number = UINT64_MAX;
    Edges edges;
  };

  static uint64_t bit_of(uint64_t delimiter) { return uint64_t{1} << delimiter % 64; }

  /// Delimiters have to come in ascending order.
  Edges& edges_at(uint64_t delimiter) {
    size_ = delimiter + 1;
    const uint64_t number = delimiter / 64;
    if (words_.empty() || words_.back().number != number) words_.push_back({number, {}});
    return words_.back().edges;
  }

  std::vector<Word> words_;
  uint64_t size_ = 0;
};

/// A search that goes on from block to block: for the first stop at or after each of some marks.
/// Before the next mark there is a stop.
///
/// Where the marks are subtracted from the stops, each mark borrows from the stop that it finds:
/// the bits from the mark on become ones, and the stop becomes a zero.
class Search {
 public:
  HWY_INLINE uint64_t stops_found(uint64_t marks, uint64_t stops) {
    return stops & ~difference(marks, stops);
  }
  HWY_INLINE uint64_t bytes_before_stops(uint64_t marks, uint64_t stops) {
    return difference(marks, stops) & ~stops;
  }

  uint64_t is_open = 0;  // 1 if the last mark has not found its stop yet

 private:
  HWY_INLINE uint64_t difference(uint64_t marks, uint64_t stops) {
    marks |= is_open;
    is_open = stops < marks;
    return stops - marks;
  }
};

struct Separators {
  uint64_t delimiters = 0, line_feeds = 0, carriage_returns = 0;

  uint64_t row_ends() const { return line_feeds | carriage_returns; }
};

/// What has to be known of the text before a block. The numbers that begin with "after" are 1 if
/// the last byte is such a byte.
struct State {
  char* out;                  // where the next byte goes
  uint64_t quoted = 0;        // all ones if a quoted field is open
  uint64_t after_opener = 1;  // a quote would open a quoted field after it, or open it again
  uint64_t after_carriage_return = 0;
  uint64_t after_row_end = 1;
  uint64_t after_first = 0;  // a delimiter that the first selected field of the row follows
  uint64_t delimiters = 0;   // how many the current row has had
  Edges edges;               // among those that follow
  bool is_settled = false;   // the rest of the row is to be copied or left out as a whole
  Search selection;          // from the beginning of a range to its end
  Search first_field;   // from the beginning of the first selected field to a byte that is copied
  Search row_after_cr;  // the same from the beginning of a row that follows a CR
};

class RowCopier {
 public:
  RowCopier(std::span<const FieldRange> ranges, Dialect dialect, char* out,
            bool follows_carriage_return)
      : delimiter_(dialect.delimiter),
        first_(ranges.empty() ? FieldRange::no_last : ranges.front().first),
        table_(ranges),
        edges_of_row_(table_.from(0)) {
    state_.out = out;
    state_.edges = edges_of_row_;
    state_.row_after_cr.is_open = follows_carriage_return;
  }

  /// The text must not be empty. Returns where the output ends.
  char* copy(std::string_view text) {
    constexpr ptrdiff_t most_read = 2 * block_size;  // from the beginning of a block
    const char* at = text.data();
    const char* const end = at + text.size();
    if (end - at > most_read) at = copy_blocks(at, end - most_read, end);
    const auto rest = static_cast<size_t>(end - at);
    char tail[2 * most_read] = {};
    std::memcpy(tail, at, rest);
    copy_blocks(tail, tail + rest, tail + rest);
    const bool has_row_end = text.ends_with('\n') || text.ends_with('\r');
    if (state_.quoted || !has_row_end) end_last_row();
    return state_.out;
  }

 private:
  /// Copies blocks as long as they begin before `last`. Returns where the next one begins. From
  /// `end`, where the text ends, to the end of a block there are zeros.
  HWY_NOINLINE const char* copy_blocks(const char* at, const char* last, const char* end) {
    State state = state_;
    while (at < last) {
      if (state.is_settled) {
        at = copy_settled(state, at, end);
        continue;
      }
      const uint64_t special = quotes_and_row_ends(at);
      Separators separators;
      separators.delimiters = places_of(delimiter_, at);
      if ((special | state.quoted) == 0) {
        // The same as in the other case. Much of it has no effect here, and the compiler leaves
        // that out.
        state.after_opener = separators.delimiters >> 63;
        copy_fields(state, at, end, separators);
        state.is_settled = state.delimiters >= table_.size() && !state.after_first &&
                           !state.first_field.is_open && !state.row_after_cr.is_open;
      } else {
        separators.line_feeds = places_of('\n', at);
        separators.carriage_returns = places_of('\r', at);
        leave_out_quoted(state, special & ~separators.row_ends(), separators);
        copy_fields(state, at, end, separators);
      }
      at += block_size;
    }
    state_ = state;
    return at;
  }

  /// Copies the rest of a settled row, or only a part of it, if there is a quote or a lone CR, or
  /// if the text ends soon.
  HWY_INLINE const char* copy_settled(State& state, const char* at, const char* end) const {
    const bool is_selected = state.selection.is_open;
    const char* const begin = at;
    uint64_t special = 0;
    for (; end - at > block_size; at += block_size) {
      special = quotes_and_row_ends(at);
      if (is_selected) copy_block(at, state.out);
      if (special != 0) break;
      if (is_selected) state.out += block_size;
    }
    state.is_settled = false;
    const int found = std::countr_zero(special);
    const bool is_pair = special != 0 && at[found] == '\r' && at[found + 1] == '\n';
    if (special == 0 || (at[found] != '\n' && !is_pair)) {
      if (at != begin) state.after_opener = at[-1] == delimiter_;
      return at;
    }
    if (is_selected) state.out += found;
    if (is_pair) *state.out++ = '\r';
    *state.out++ = '\n';
    state.after_opener = 1;
    state.after_row_end = 1;
    state.delimiters = 0;
    state.edges = edges_of_row_;
    state.selection.is_open = 0;
    return at + found + (is_pair ? 2 : 1);
  }

  /// `quotes`: all quotes of the block.
  static HWY_INLINE void leave_out_quoted(State& state, uint64_t quotes, Separators& separators) {
    const uint64_t all = separators.delimiters | separators.row_ends();
    if ((quotes | state.quoted) != 0) {
      // A byte is in quotes if the number of quotes before it is odd. Doubled quotes do not change
      // that: they close the field and open it again. But a quote that is an ordinary byte must not
      // be counted. The first of these would open a field in its middle, so it can be told, and
      // then the next one.
      uint64_t quoted_before = 0;
      while (true) {
        const uint64_t quoted_after = parity_up_to(quotes) ^ state.quoted;
        quoted_before = quoted_after << 1 | (state.quoted & 1);
        const uint64_t may_open = (all | quotes) << 1 | state.after_opener;
        const uint64_t ordinary = quotes & ~quoted_before & ~may_open;
        if (ordinary == 0) {
          state.quoted = 0 - (quoted_after >> 63);
          break;
        }
        quotes ^= lowest_one(ordinary);
      }
      separators.delimiters &= ~quoted_before;
      separators.line_feeds &= ~quoted_before;
      separators.carriage_returns &= ~quoted_before;
    }
    state.after_opener = (all | quotes) >> 63;
  }

  /// `separators`: without those in quotes.
  HWY_INLINE void copy_fields(State& state, const char* block, const char* end,
                              const Separators& separators) const {
    // CR LF is taken for the end of a row and a blank line: it is copied as it stands all the same.
    const uint64_t row_ends = separators.row_ends();
    const uint64_t row_begins = row_ends << 1 | state.after_row_end;
    const uint64_t after_carriage_returns =
        separators.carriage_returns << 1 | state.after_carriage_return;
    state.after_row_end = row_ends >> 63;
    state.after_carriage_return = separators.carriage_returns >> 63;

    const Edges edges = find_edges(state, separators.delimiters, row_ends);

    // A range is copied with the delimiter before it, except for the first one of a row.
    const uint64_t first_fields = first_ == 1 ? row_begins : edges.first << 1 | state.after_first;
    state.after_first = edges.first >> 63;
    const uint64_t text = end - block < 64 ? (uint64_t{1} << (end - block)) - 1 : ~uint64_t{0};
    const uint64_t selected = text & state.selection.bytes_before_stops(first_fields | edges.begins,
                                                                        edges.ends | row_ends);

    const uint64_t stops = selected | row_ends;
    const uint64_t empty_fields =
        state.first_field.stops_found(first_fields, stops) & row_ends & ~row_begins;
    uint64_t joined = 0;  // LFs of blank lines that would follow a CR
    const uint64_t rows_after_cr = after_carriage_returns & ~separators.line_feeds;
    if (HWY_UNLIKELY((rows_after_cr | state.row_after_cr.is_open) != 0)) {
      joined =
          state.row_after_cr.stops_found(rows_after_cr, stops) & row_ends & separators.line_feeds;
    }

    uint64_t kept = selected | row_ends;
    for (uint64_t left = empty_fields | joined; HWY_UNLIKELY(left != 0); left &= left - 1) {
      const uint64_t row_end = lowest_one(left);
      copy_kept(state, block, kept & (row_end - 1));
      kept &= ~(row_end - 1);
      if (row_end & empty_fields) {
        write_empty_field(state);
      } else {
        *state.out++ = '\r';
      }
    }
    copy_kept(state, block, kept);
  }

  /// Returns where the edges are.
  HWY_INLINE Edges find_edges(State& state, uint64_t delimiters, uint64_t row_ends) const {
    Edges found;
    const auto find_in_row = [&](uint64_t delimiters_of_row) {
      found.first |= deposit(state.edges.first, delimiters_of_row);
      found.begins |= deposit(state.edges.begins, delimiters_of_row);
      found.ends |= deposit(state.edges.ends, delimiters_of_row);
    };
    for (; row_ends != 0; row_ends &= row_ends - 1) {
      const uint64_t before = delimiters & (lowest_one(row_ends) - 1);
      find_in_row(before);
      delimiters ^= before;
      state.delimiters = 0;
      state.edges = edges_of_row_;
    }
    find_in_row(delimiters);
    if (delimiters != 0) {
      state.delimiters += static_cast<uint64_t>(std::popcount(delimiters));
      state.edges = state.delimiters < table_.size() ? table_.from(state.delimiters) : Edges();
    }
    return found;
  }

  static HWY_INLINE void copy_kept(State& state, const char* block, uint64_t kept) {
#if HWY_TARGET == HWY_AVX3
    // Highway 1.0 has no names for these instructions.
    const auto bytes = _mm512_maskz_compress_epi8(kept, _mm512_loadu_si512(block));
    _mm512_storeu_si512(state.out, bytes);
    state.out += std::popcount(kept);
#else
    while (kept != 0) {
      const int begin = std::countr_zero(kept);
      const int size = std::countr_one(kept >> begin);
      if (size <= 16) {
        std::memcpy(state.out, block + begin, 16);
      } else {
        copy_block(block + begin, state.out);
      }
      state.out += size;
      kept &= kept + lowest_one(kept);
    }
#endif
  }

  static HWY_INLINE void write_empty_field(State& state) {
    *state.out++ = quote;
    *state.out++ = quote;
  }

  /// Ends a row that lacks its row end.
  void end_last_row() {
    if (state_.first_field.is_open || state_.after_first) {
      write_empty_field(state_);
    } else if (state_.delimiters + 1 < first_) {
      if (state_.row_after_cr.is_open) *state_.out++ = '\r';
      *state_.out++ = '\n';
    }
  }

  const char delimiter_;
  const uint64_t first_;  // the first selected field
  const EdgeTable table_;
  const Edges edges_of_row_;  // among the first delimiters
  State state_;
};

/// Copies fields of `text` to `out`, and returns where they end. `follows_carriage_return`: there
/// is a CR before `out`.
char* copy_fields(std::span<const FieldRange> ranges, Dialect dialect, std::string_view text,
                  char* out, bool follows_carriage_return) {
  return RowCopier(ranges, dialect, out, follows_carriage_return).copy(text);
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace rowsum {

namespace {

/// The row end at `at`, which is nothing at the end of the text.
std::string_view row_end_at(const char* at, const char* end) {
  const std::string_view rest(at, static_cast<size_t>(end - at));
  return rest.substr(0, rest.starts_with("\r\n") ? 2 : 1);
}

/// The same without vectors, a byte at a time.
char* copy_fields_scalar(std::span<const FieldRange> ranges, Dialect dialect, std::string_view text,
                         char* out, bool follows_carriage_return) {
  using Meaning = RowAutomaton::Meaning;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const row = at;
    char* const out_row = out;
    RowAutomaton automaton(dialect);
    auto range = ranges.begin();
    bool has_field = false;
    for (uint64_t number = 1;; ++number, ++at) {
      const char* const field = at;
      Meaning meaning = Meaning::row_end;
      for (; at != end; ++at) {
        meaning = automaton.step(*at);
        if (meaning == Meaning::field_end || meaning == Meaning::row_end) break;
      }
      const bool ends_row = at == end || meaning == Meaning::row_end;
      const bool is_blank_line = ends_row && at == row;
      if (range != ranges.end() && range->last < number) ++range;
      if (range != ranges.end() && range->first <= number && !is_blank_line) {
        if (has_field) *out++ = dialect.delimiter;
        out = std::copy(field, at, out);
        has_field = true;
      }
      if (ends_row) break;
    }
    std::string_view row_end = row_end_at(at, end);
    at += row_end.size();
    if (out == out_row && has_field) {
      *out++ = quote;
      *out++ = quote;
    } else if (out == out_row) {
      if (row_end.empty()) row_end = "\n";
      if (row_end == "\n" && follows_carriage_return) row_end = "\r\n";
    }
    out = std::copy(row_end.begin(), row_end.end(), out);
    follows_carriage_return = row_end == "\r";
  }
  return out;
}

auto* kernel() {
  ROWSUM_BY_SIMD_LEVEL(copy_fields, copy_fields_scalar);
}

}  // namespace

size_t FieldFilter::append(std::string_view text, Buffer& out, size_t size) const {
  if (text.empty()) return size;
  // A row grows by one byte at most, and has a delimiter or a row end then. A block is written as a
  // whole.
  constexpr size_t block_size = 64;
  out.reserve(size + text.size() + text.size() / 2 + 1 + block_size, size);
  char* const begin = out.data() + size;
  const bool follows_carriage_return = size > 0 && begin[-1] == '\r';
  const char* const end = kernel()(ranges_, dialect_, text, begin, follows_carriage_return);
  return static_cast<size_t>(end - out.data());
}

}  // namespace rowsum
#endif
