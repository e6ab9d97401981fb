// SPDX-License-Identifier: MIT
#include "p1_read/row_cutter.h"

#include <algorithm>

namespace rowsum {

void RowCutter::feed(const Passage& passage, uint64_t size) {
  if (passage.rows > 0) row_end_ = scanned_ + passage.row_end;
  rows_ += passage.rows;
  scanned_ += size;
  state_ = passage.exit;
}

size_t RowCutter::feed_row(std::string_view bytes) {
  const uint64_t rows_before = rows_;
  for (size_t i = 0; i < bytes.size(); ++i) {
    // The byte after a CR shows where the row ends. It belongs to the next row unless it is an LF.
    if (awaits_line_feed() && bytes[i] != '\n') {
      finish();
      return i;
    }
    feed(bytes.substr(i, 1));
    if (rows_ > rows_before) return i + 1;
  }
  return bytes.size();
}

bool RowCutter::finish() {
  if (state_ == ReadingState::quoted) return false;
  if (state_ != ReadingState::row_start) {
    row_end_ = scanned_;
    ++rows_;
    state_ = ReadingState::row_start;
  }
  return true;
}

uint64_t RowCutter::open_bytes_with(const Outline& outline) const {
  if (awaits_line_feed()) return 0;
  const uint64_t content_end = outline.from(state_).content_end;
  return open_bytes() + std::min(content_end, outline.size());
}

}  // namespace rowsum
