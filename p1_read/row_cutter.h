// Finds row boundaries in the bytes of one file, fed piece by piece, each byte once. Pure: keeps
// positions, never the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/csv/row_automaton.h"

namespace rowsum {

class RowCutter {
 public:
  /// The first byte to be fed lies at `position`, where a row begins.
  RowCutter(Dialect dialect, uint64_t position)
      : dialect_(dialect), automaton_(dialect), scanned_(position), row_end_(position) {}

  void feed(std::string_view bytes);

  /// Feeds no further than to the end of the current row; returns how many bytes that took. The row
  /// counts as ended when row_end() has moved; a CR at the end of `bytes` leaves that open.
  size_t feed_row(std::string_view bytes);

  /// There are no more bytes: a last row needs no row end. False when a quote is still open; then
  /// that row has not ended and never will.
  bool finish();

  /// Where the next byte to be fed lies.
  uint64_t scanned() const { return scanned_; }
  /// Just after the last row end that is known. A CR is not known to be a whole one until the next
  /// byte, or the end, is.
  uint64_t row_end() const { return row_end_; }
  /// Bytes after row_end() that belong to a row whose own end has not been seen.
  uint64_t open_bytes() const { return awaits_line_feed_ ? 0 : scanned_ - row_end_; }
  /// How many rows ended up to there.
  uint64_t rows() const { return rows_; }

 private:
  void resolve_carriage_return(bool line_feed_follows);
  void count_plain(std::string_view bytes, uint64_t line_feeds);
  void cut_exactly(std::string_view bytes);
  void step(char byte);
  void end_row(uint64_t at) {
    row_end_ = at;
    ++rows_;
  }

  Dialect dialect_;
  RowAutomaton automaton_;
  uint64_t scanned_;
  uint64_t row_end_;
  uint64_t rows_ = 0;
  bool awaits_line_feed_ = false;  // the last byte was a CR that ended a row
};

}  // namespace rowsum
