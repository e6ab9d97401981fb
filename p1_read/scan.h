// The passes over every byte of the input: they find quotes and count row ends, with vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowsum {

/// What one look at some bytes tells.
struct PlainScan {
  uint64_t line_feeds = 0;
  bool is_plain = true;  // neither a quote nor a CR: every LF, and nothing else, ends a row
};

PlainScan scan_plain(std::string_view bytes);

/// What the row-boundary rules (common/csv/row_automaton.h) say about some bytes.
struct QuotedScan {
  size_t consumed = 0;     // bytes; one more than asked for when a doubled quote ends there
  bool is_quoted = false;  // afterwards
  uint64_t rows = 0;       // row ends; CR LF counts where the LF is
  size_t row_end = 0;      // offset just after the last of them, if rows > 0
};

/// Looks at the first `size` bytes of `text`, which has at least one more. `is_quoted`: a quoted
/// field is open before them; otherwise `is_field_start`: a field begins with them.
QuotedScan scan_quoted(const char* text, size_t size, bool is_quoted, bool is_field_start,
                       char delimiter);

}  // namespace rowsum
