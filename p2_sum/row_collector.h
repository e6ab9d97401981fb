// SPDX-License-Identifier: MIT
// What is known of the rows of a batch while they are summed. This part of the work is the same for
// all kernels that read the digits.
#pragma once

#include <string_view>
#include <vector>

#include "common/csv/field_parser.h"
#include "common/model/batch.h"
#include "common/model/reject.h"
#include "common/worker/line_printer.h"
#include "p2_sum/exact_sum.h"

namespace rowsum {

class RowCollector {
 public:
  /// `empty_is_zero`: an empty field counts as 0; otherwise it is no integer.
  explicit RowCollector(Dialect rules, bool empty_is_zero = false)
      : dialect(rules), empty_is_zero_(empty_is_zero), parser_(rules) {}

  /// Begins a batch. `text` must outlive the work on it.
  void begin(const Batch& batch, std::string_view text);

  /// Parses the field at `field`, which may have any form, as a part of the current row. Returns
  /// where its delimiter or row end stands, or the end of the text. An empty field that is the
  /// whole row is a blank line, and not a field.
  const char* add_field(const char* field);

  /// Finishes the current row. `end` is its row end or the end of the text. `plain` is the sum of
  /// the fields that were not given to add_field(). Prints the line of the row, or notes its
  /// reject. Returns where the next row begins.
  const char* finish_row(const char* end, Int128 plain) {
    if (is_simple_ && plain == static_cast<int64_t>(plain)) {
      lines.print(static_cast<int64_t>(plain));
    } else {
      finish_unusual_row(end, plain);
    }
    return begin_row(after_row_end(end));
  }

  /// Prints the lines of `count` rows from the current one on. No field of them was given to
  /// add_field(). The last one ends at `end`.
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
  uint64_t rows = 0;  // how many are finished

 private:
  void finish_unusual_row(const char* end, Int128 plain);
  const char* after_row_end(const char* end) const { return skip_row_end(end, text_end); }
  const char* begin_row(const char* row) {
    ++rows;
    return row_ = row;
  }

  void print_sum();
  bool empty_is_zero_;
  FieldParser parser_;
  const char* text_begin_ = nullptr;
  uint64_t text_offset_ = 0;   // where the text begins in the input
  const char* row_ = nullptr;  // where the current row begins
  bool is_simple_ = true;      // add_field() has not been called for the current row
  ExactSum sum_;               // of the fields that add_field() got
  const char* bad_field_ = nullptr;
  std::string bad_reason_;
};

}  // namespace rowsum
