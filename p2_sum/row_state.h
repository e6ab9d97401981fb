// What is known of the rows of a batch while they are being summed: the part of the work that is
// the same whichever kernel reads the digits.
#pragma once

#include <string_view>
#include <vector>

#include "common/model/batch.h"
#include "common/model/reject.h"
#include "p2_sum/field_parser.h"
#include "p2_sum/line_printer.h"

namespace rowsum {

class RowState {
 public:
  explicit RowState(Dialect rules) : dialect(rules), parser_(rules) {}

  /// Starts on a batch. `text` must outlive the work on it.
  void begin(const Batch& batch, std::string_view text);

  /// Parses any field at all, from `field` on, as part of the current row; returns where its
  /// delimiter or row end stands, or the end of the text. An empty field that is the whole row is a
  /// blank line, and no field.
  const char* add_field(const char* field);

  /// The row ends at `end`, its row end or the end of the text; what add_field() did not get adds
  /// up to `plain`. Prints its line, or notes its reject; returns where the next row begins.
  const char* finish_row(const char* end, Int128 plain) {
    if (is_simple_ && plain == static_cast<int64_t>(plain)) {
      lines.print(static_cast<int64_t>(plain));
    } else {
      finish_unusual_row(end, plain);
    }
    return begin_row(after_row_end(end));
  }

  /// Prints the lines of `count` rows from the current one on, none of which add_field() has seen.
  /// The last one ends at `end`.
  const char* finish_rows(const int64_t* sums, size_t count, const char* end) {
    lines.print(sums, count);
    rows += count;
    return row_ = after_row_end(end);
  }

  /// Where the current row begins.
  const char* row() const { return row_; }

  const Dialect dialect;
  const char* text_end = nullptr;
  LinePrinter lines;
  std::vector<Reject> rejects;
  uint64_t rows = 0;  // finished

 private:
  void finish_unusual_row(const char* end, Int128 plain);
  const char* after_row_end(const char* end) const {
    if (end == text_end) return end;
    const bool is_crlf = *end == '\r' && end + 1 != text_end && end[1] == '\n';
    return end + (is_crlf ? 2 : 1);
  }
  const char* begin_row(const char* row) {
    ++rows;
    return row_ = row;
  }

  FieldParser parser_;
  const char* text_begin_ = nullptr;
  uint64_t text_offset_ = 0;   // of the text, in the input
  const char* row_ = nullptr;  // where the current one begins
  bool is_simple_ = true;      // add_field() had nothing to do with the current row
  ExactSum sum_;               // of what add_field() got of it
  const char* bad_field_ = nullptr;
  std::string bad_value_;
};

}  // namespace rowsum
