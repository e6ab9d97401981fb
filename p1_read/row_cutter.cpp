#include "p1_read/row_cutter.h"

#include <cstring>

#include "p1_read/scan.h"

namespace rowsum {

void RowCutter::feed(std::string_view bytes) {
  if (!automaton_.is_quoted() && !awaits_line_feed_) {
    const PlainScan scan = scan_plain(bytes);
    if (scan.is_plain) return count_plain(bytes, scan.line_feeds);
  }
  cut_exactly(bytes);
}

size_t RowCutter::feed_row(std::string_view bytes) {
  const uint64_t rows_before = rows_;
  for (size_t i = 0; i < bytes.size(); ++i) {
    // The byte after a CR shows where the row ends. It belongs to the next row unless it is an LF.
    if (awaits_line_feed_ && bytes[i] != '\n') {
      resolve_carriage_return(false);
      return i;
    }
    feed(bytes.substr(i, 1));
    if (rows_ > rows_before) return i + 1;
  }
  return bytes.size();
}

bool RowCutter::finish() {
  if (awaits_line_feed_) resolve_carriage_return(false);
  if (automaton_.is_quoted()) return false;
  if (!automaton_.is_at_row_start()) end_row(scanned_);
  return true;
}

void RowCutter::resolve_carriage_return(bool line_feed_follows) {
  awaits_line_feed_ = false;
  if (line_feed_follows) ++scanned_;
  end_row(scanned_);
}

void RowCutter::count_plain(std::string_view bytes, uint64_t line_feeds) {
  if (bytes.empty()) return;
  automaton_.jump_past(bytes.back());
  if (line_feeds > 0) {
    const void* const last = ::memrchr(bytes.data(), '\n', bytes.size());
    row_end_ = scanned_ + static_cast<size_t>(static_cast<const char*>(last) - bytes.data()) + 1;
    rows_ += line_feeds;
  }
  scanned_ += bytes.size();
}

/// The first and last bytes of a piece are stepped over one by one, because what they mean may
/// depend on the piece before or after. The bytes between them are scanned with vectors.
void RowCutter::cut_exactly(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size() && (awaits_line_feed_ || automaton_.is_after_quote())) step(bytes[at++]);
  if (at + 1 < bytes.size()) {
    const QuotedScan scan =
        scan_quoted(bytes.data() + at, bytes.size() - at - 1, automaton_.is_quoted(),
                    automaton_.is_at_field_start(), dialect_.delimiter);
    if (scan.rows > 0) row_end_ = scanned_ + scan.row_end;
    rows_ += scan.rows;
    scanned_ += scan.consumed;
    at += scan.consumed;
    if (scan.is_quoted) {
      automaton_.jump_into_quotes();
    } else {
      automaton_.jump_past(bytes[at - 1]);
    }
  }
  while (at < bytes.size()) step(bytes[at++]);
}

void RowCutter::step(char byte) {
  if (awaits_line_feed_) {
    resolve_carriage_return(byte == '\n');
    if (byte == '\n') return;
  }
  ++scanned_;
  if (automaton_.step(byte) != RowAutomaton::Meaning::row_end) return;
  if (byte == '\r') {
    awaits_line_feed_ = true;
  } else {
    end_row(scanned_);
  }
}

}  // namespace rowsum
