// One row of CSV to the exact sum of its integers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/csv/dialect.h"
#include "p2_sum/exact_sum.h"

namespace rowsum {

/// Fields are what CPython's csv.reader makes of them (see common/csv/row_automaton.h); integers
/// are padding (bytes 9-13 and 32), an optional sign, ASCII digits, padding.
class RowParser {
 public:
  explicit RowParser(Dialect dialect);

  /// Parses the row that begins at `row`, which is not `end`, and returns where the next one begins
  /// (after the row end). `end`, too, ends a row. No quote may be open there.
  const char* parse(const char* row, const char* end);

  /// Of the last row: its sum, unless it is_rejected().
  const ExactSum& sum() const { return sum_; }
  bool is_rejected() const { return bad_field_ != 0; }
  /// The first field that is not an integer, counted from 1, where it begins, and what it says.
  size_t bad_field() const { return bad_field_; }
  const char* bad_field_begin() const { return bad_field_begin_; }
  const std::string& bad_value() const { return bad_value_; }

 private:
  const char* parse_unusual_field(const char* at, const char* end);

  Dialect dialect_;
  bool is_odd_delimiter_;  // one that could be part of an integer
  ExactSum sum_;
  size_t field_ = 0;  // the current one, counted from 1
  std::string value_;
  size_t bad_field_ = 0;
  const char* bad_field_begin_ = nullptr;
  std::string bad_value_;
};

}  // namespace rowsum
