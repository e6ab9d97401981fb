// SPDX-License-Identifier: MIT
#include "common/csv/scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "common/csv/row_automaton.h"
#include "common/simd/bits.h"
#include "common/simd/dispatch.h"
#include "common/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "common/csv/scan.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR  // HWY_SCALAR has no vectors; see below
#include "common/simd/mask_bits-inl.h"
HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::ScalableTag<uint8_t>;

PlainScan scan_plain(std::string_view bytes) {
  const Bytes d;
  const hn::Repartition<uint64_t, Bytes> d64;
  const size_t lanes = hn::Lanes(d);
  const auto lf = hn::Set(d, '\n');
  const auto cr = hn::Set(d, '\r');
  const auto quotes = hn::Set(d, quote);
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* const end = at + bytes.size();

  PlainScan scan;
  auto any_quotes = hn::Zero(d);
  auto any_carriage_returns = hn::Zero(d);
  auto total = hn::Zero(d64);
  while (end - at >= static_cast<ptrdiff_t>(4 * lanes)) {
    // Each lane counts in 8 bits, so it can count up to 255 row ends.
    auto counts = hn::Zero(d);
    for (int rounds = 63; rounds > 0 && end - at >= static_cast<ptrdiff_t>(4 * lanes); --rounds) {
      for (int i = 0; i < 4; ++i, at += lanes) {
        const auto v = hn::LoadU(d, at);
        counts = hn::Sub(counts, hn::VecFromMask(d, hn::Eq(v, lf)));
        any_quotes = hn::Or(any_quotes, hn::VecFromMask(d, hn::Eq(v, quotes)));
        any_carriage_returns = hn::Or(any_carriage_returns, hn::VecFromMask(d, hn::Eq(v, cr)));
      }
    }
    total = hn::Add(total, hn::SumsOf8(counts));
  }
  scan.line_feeds = hn::GetLane(hn::SumOfLanes(d64, total));
  scan.has_quotes = !hn::AllFalse(d, hn::Ne(any_quotes, hn::Zero(d)));
  scan.has_carriage_returns = !hn::AllFalse(d, hn::Ne(any_carriage_returns, hn::Zero(d)));
  for (; at != end; ++at) {
    scan.line_feeds += *at == '\n';
    scan.has_quotes |= *at == quote;
    scan.has_carriage_returns |= *at == '\r';
  }
  return scan;
}

uint64_t count_row_ends(std::string_view bytes) {
  const Bytes d;
  const hn::Repartition<uint64_t, Bytes> d64;
  const size_t lanes = hn::Lanes(d);
  const auto lf = hn::Set(d, '\n');
  const auto cr = hn::Set(d, '\r');
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* const end = at + bytes.size();
  const auto step = static_cast<ptrdiff_t>(lanes);

  auto total = hn::Zero(d64);
  while (end - at > step) {
    // Each lane counts in 8 bits, so it can count up to 255 row ends.
    auto counts = hn::Zero(d);
    for (int rounds = 255; rounds > 0 && end - at > step; --rounds, at += lanes) {
      const auto v = hn::LoadU(d, at);
      const auto next = hn::LoadU(d, at + 1);
      const auto ends = hn::Or(hn::Eq(v, lf), hn::AndNot(hn::Eq(next, lf), hn::Eq(v, cr)));
      counts = hn::Sub(counts, hn::VecFromMask(d, ends));
    }
    total = hn::Add(total, hn::SumsOf8(counts));
  }
  uint64_t rows = hn::GetLane(hn::SumOfLanes(d64, total));
  for (; at != end; ++at) rows += *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
  return rows;
}

/// 64 bytes of text as bits: bit i says whether byte i is the character.
struct Block {
  uint64_t quotes = 0, line_feeds = 0, carriage_returns = 0, delimiters = 0;
};

HWY_INLINE Block look(const char* text, char delimiter) {
  const Bytes d;
  Block block;
  const auto bits = [&](uint64_t& into, size_t i, auto mask) { into |= mask_bits(d, mask) << i; };
  for (size_t i = 0; i < 64; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, reinterpret_cast<const uint8_t*>(text) + i);
    bits(block.quotes, i, hn::Eq(v, hn::Set(d, quote)));
    bits(block.line_feeds, i, hn::Eq(v, hn::Set(d, '\n')));
    bits(block.carriage_returns, i, hn::Eq(v, hn::Set(d, '\r')));
    bits(block.delimiters, i, hn::Eq(v, hn::Set(d, static_cast<uint8_t>(delimiter))));
  }
  return block;
}

/// Whether the row end at `at` is the LF of CR LF.
HWY_INLINE bool is_line_feed_of_pair(const char* text, size_t at) {
  return at > 0 && text[at] == '\n' && text[at - 1] == '\r';
}

QuotedScan scan_quoted(const char* text, size_t size, bool is_quoted, bool is_field_start,
                       char delimiter) {
  QuotedScan scan;
  scan.is_quoted = is_quoted;
  const auto note_row_ends = [&scan, text](uint64_t ended, size_t at) {
    if (ended == 0) return;
    if (scan.rows == 0) {
      const size_t first = at + static_cast<size_t>(std::countr_zero(ended));
      scan.content_end = first - is_line_feed_of_pair(text, first);
    }
    scan.rows += static_cast<uint64_t>(std::popcount(ended));
    scan.row_end = at + 64 - static_cast<size_t>(std::countl_zero(ended));
  };
  uint64_t after_separator = is_field_start;  // bit 0: the byte before the block is a separator
  size_t begin = 0;                           // where the rest of the current block begins
  for (size_t at = 0; at < size; at += 64) {
    const size_t length = std::min<size_t>(64, size - at);
    char padded[64] = {};
    const char* block_text = text + at;
    if (length < 64) block_text = static_cast<char*>(std::memcpy(padded, block_text, length));
    const Block block = look(block_text, delimiter);

    // What the last byte of the block means depends on the byte after it.
    const char next = text[at + length];
    const uint64_t last = uint64_t{1} << (length - 1);
    const uint64_t line_feed_next = block.line_feeds >> 1 | (next == '\n' ? last : 0);
    const uint64_t quote_next = block.quotes >> 1 | (next == quote ? last : 0);
    const uint64_t row_ends = block.line_feeds | (block.carriage_returns & ~line_feed_next);
    const uint64_t separators = block.line_feeds | block.carriage_returns | block.delimiters;
    const uint64_t openers = block.quotes & (separators << 1 | after_separator);
    after_separator = separators >> 63;

    // Usually every quote either opens a field at its beginning or closes it. Then the parity of
    // the quotes says what is quoted. This is the case if no two quotes are neighbours and no quote
    // that would open a field stands elsewhere than at the beginning of one.
    const uint64_t quoted_after = parity_up_to(block.quotes) ^ (scan.is_quoted ? ~uint64_t{0} : 0);
    const uint64_t quoted_before = quoted_after << 1 | scan.is_quoted;
    const uint64_t misplaced = block.quotes & ~quoted_before & ~openers;
    if (begin == at && (misplaced | (block.quotes & quote_next)) == 0) {
      note_row_ends(row_ends & ~quoted_before, at);
      scan.is_quoted = quoted_after >> 63;
      begin = at + length;
      continue;
    }

    const auto from = [](uint64_t bits, size_t position) {
      return position < 64 ? bits & (~uint64_t{0} << position) : 0;
    };
    size_t position = begin - at;
    while (position < length) {
      const uint64_t wanted = from(scan.is_quoted ? block.quotes : openers, position);
      const size_t found = wanted != 0 ? static_cast<size_t>(std::countr_zero(wanted)) : length;
      if (!scan.is_quoted) {
        note_row_ends(from(row_ends, position) & ~from(~uint64_t{0}, found), at);
      }
      if (found == length) {
        position = length;
      } else if (scan.is_quoted && (quote_next >> found & 1)) {
        position = found + 2;  // a doubled quote; its second half may lie in the next block
      } else {
        scan.is_quoted = !scan.is_quoted;
        position = found + 1;
      }
    }
    begin = at + position;
  }
  scan.consumed = std::max(begin, size);
  return scan;
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace rowsum {

namespace {

PlainScan scan_plain_scalar(std::string_view bytes) {
  PlainScan scan;
  for (const char byte : bytes) {
    scan.line_feeds += byte == '\n';
    scan.has_quotes |= byte == quote;
    scan.has_carriage_returns |= byte == '\r';
  }
  return scan;
}

uint64_t count_row_ends_scalar(std::string_view bytes) {
  uint64_t rows = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    rows += bytes[i] == '\n' || (bytes[i] == '\r' && !bytes.substr(i + 1).starts_with('\n'));
  }
  return rows;
}

QuotedScan scan_quoted_scalar(const char* text, size_t size, bool is_quoted, bool is_field_start,
                              char delimiter) {
  const ReadingState entry = is_quoted        ? ReadingState::quoted
                             : is_field_start ? ReadingState::field_start
                                              : ReadingState::plain;
  RowAutomaton automaton(Dialect{delimiter}, entry);
  QuotedScan scan;
  std::optional<size_t> content_end;
  size_t at = 0;
  for (; at < size; ++at) {
    // The byte after a quote in a quoted field shows whether the quote is doubled or closes the
    // field.
    if (automaton.is_quoted() && text[at] == quote && text[at + 1] == quote) {
      ++at;
      continue;
    }
    const bool ends_content = automaton.step(text[at]) == RowAutomaton::Meaning::row_end;
    if (ends_content && !content_end) content_end = at;
    const bool is_first_of_pair = text[at] == '\r' && text[at + 1] == '\n';
    const bool is_second_of_pair = at > 0 && text[at - 1] == '\r' && text[at] == '\n' &&
                                   automaton.state() == ReadingState::row_start;
    if (is_first_of_pair || !(ends_content || is_second_of_pair)) continue;
    if (++scan.rows == 1) scan.content_end = *content_end;
    scan.row_end = at + 1;
  }
  scan.consumed = at;
  scan.is_quoted = automaton.is_quoted();
  return scan;
}

auto* plain_kernel() {
  ROWSUM_BY_SIMD_LEVEL(scan_plain, scan_plain_scalar);
}
auto* row_ends_kernel() {
  ROWSUM_BY_SIMD_LEVEL(count_row_ends, count_row_ends_scalar);
}
auto* quoted_kernel() {
  ROWSUM_BY_SIMD_LEVEL(scan_quoted, scan_quoted_scalar);
}

}  // namespace

PlainScan scan_plain(std::string_view bytes) {
  return plain_kernel()(bytes);
}

uint64_t count_row_ends(std::string_view bytes) {
  return row_ends_kernel()(bytes);
}

QuotedScan scan_quoted(const char* text, size_t size, bool is_quoted, bool is_field_start,
                       char delimiter) {
  return quoted_kernel()(text, size, is_quoted, is_field_start, delimiter);
}

}  // namespace rowsum
#endif
