#include "p1_read/row_cutter.h"

#include <algorithm>
#include <cstring>

namespace rowsum {

void RowCutter::feed(std::string_view bytes) {
  if (bytes.empty()) return;
  if (awaits_line_feed_) {
    const bool line_feed_follows = bytes.front() == '\n';
    resolve_carriage_return(line_feed_follows);
    if (line_feed_follows) bytes.remove_prefix(1);
    if (bytes.empty()) return;
  }
  if (automaton_.is_quoted() || bytes.find(quote) != bytes.npos) {
    scan_exactly(bytes);
  } else {
    scan_plain(bytes);
  }
}

size_t RowCutter::feed_row(std::string_view bytes) {
  const uint64_t rows_before = rows_;
  for (size_t i = 0; i < bytes.size(); ++i) {
    // The byte after a CR settles that row's end, and is the next row's unless it is an LF.
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

/// No quote among the bytes, and none open: every LF and every CR ends a row.
void RowCutter::scan_plain(std::string_view bytes) {
  const uint64_t begin = scanned_;
  scanned_ += bytes.size();
  automaton_.jump_past(bytes.back());
  rows_ += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  size_t last = bytes.rfind('\n');
  for (size_t at = bytes.find('\r'); at != bytes.npos; at = bytes.find('\r', at + 1)) {
    if (at + 1 == bytes.size()) {
      awaits_line_feed_ = true;
    } else if (bytes[at + 1] != '\n') {
      ++rows_;
      if (last == bytes.npos || last < at) last = at;
    }
  }
  if (last != bytes.npos) row_end_ = begin + last + 1;
}

void RowCutter::scan_exactly(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    ++scanned_;
    if (automaton_.step(bytes[i]) != RowAutomaton::Meaning::row_end) continue;
    if (bytes[i] == '\n') {
      end_row(scanned_);
    } else if (i + 1 == bytes.size()) {
      awaits_line_feed_ = true;
    } else {
      if (bytes[i + 1] == '\n') {
        ++i;
        ++scanned_;
      }
      end_row(scanned_);
    }
  }
}

}  // namespace rowsum
