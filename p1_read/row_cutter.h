// SPDX-License-Identifier: MIT
// Finds row boundaries in the bytes of one file, which are fed piece by piece, each byte once, as
// bytes or as their outlines.
// Pure: keeps positions, never the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/csv/outline.h"

namespace rowsum {

class RowCutter {
 public:
  /// The first byte to be fed lies at `position`, where a row begins.
  RowCutter(Dialect dialect, uint64_t position)
      : dialect_(dialect), scanned_(position), row_end_(position) {}

  void feed(std::string_view bytes) { feed(read_through(bytes, state_, dialect_), bytes.size()); }
  void feed(const Outline& outline) { feed(outline.from(state_), outline.size()); }

  /// Feeds the bytes up to the end of the current row, and returns how many these are. The row has
  /// ended if row_end() has moved. If `bytes` end with a CR, it has not moved yet.
  size_t feed_row(std::string_view bytes);

  /// There are no more bytes. The last row needs no row end. Returns false if a quoted field is
  /// still open; then the last row does not count as ended.
  bool finish();

  /// The position of the next byte to be fed.
  uint64_t scanned() const { return scanned_; }
  /// The position just after the last known row end. A row end that begins with a CR becomes known
  /// with the next byte, which may be its LF, or with finish().
  uint64_t row_end() const { return row_end_; }
  /// How many bytes after row_end() belong to a row whose end has not been seen.
  uint64_t open_bytes() const { return awaits_line_feed() ? 0 : scanned_ - row_end_; }
  /// How many bytes of content the row that is open now would have, as far as it is known, after
  /// these bytes.
  uint64_t open_bytes_with(const Outline& outline) const;
  /// How many rows end at or before row_end().
  uint64_t rows() const { return rows_; }

 private:
  void feed(const Passage& passage, uint64_t size);
  bool awaits_line_feed() const { return state_ == ReadingState::after_carriage_return; }

  Dialect dialect_;
  ReadingState state_ = ReadingState::row_start;
  uint64_t scanned_;
  uint64_t row_end_;
  uint64_t rows_ = 0;
};

}  // namespace rowsum
