// SPDX-License-Identifier: MIT
// The functions that look at every byte of the input: they find quotes and count row ends, with
// vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowsum {

/// What scan_plain() finds in some bytes.
struct PlainScan {
  uint64_t line_feeds = 0;
  bool has_quotes = false;
  bool has_carriage_returns = false;
};

PlainScan scan_plain(std::string_view bytes);

/// How many rows end in bytes without quotes. A CR at their end is followed by no LF.
uint64_t count_row_ends(std::string_view bytes);

/// What scan_quoted() finds in some bytes by the rules in common/csv/row_automaton.h.
struct QuotedScan {
  size_t consumed = 0;     // bytes; one more than `size` if a doubled quote reaches beyond it
  bool is_quoted = false;  // a quoted field is open after these bytes
  uint64_t rows = 0;       // row ends; a CR LF counts where its LF is
  size_t row_end = 0;      // offset just after the last of them, if rows > 0
  size_t content_end = 0;  // offset of the first byte of the first of them, if rows > 0
};

/// Scans the first `size` bytes of `text`, which has at least one more byte. `is_quoted`: a quoted
/// field is open before them. `is_field_start`: no quoted field is open, and a field begins with
/// them.
QuotedScan scan_quoted(const char* text, size_t size, bool is_quoted, bool is_field_start,
                       char delimiter);

}  // namespace rowsum
