// SPDX-License-Identifier: MIT
// Parses one field of CSV, which may have any form: the exact path, a byte at a time.
#pragma once

#include <string>
#include <string_view>

#include "common/csv/dialect.h"

namespace rowsum {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_row_end(char c) {
  return c == '\n' || c == '\r';
}
/// `row_end`: where a row end stands, or `end`. Returns where it ends.
inline const char* skip_row_end(const char* row_end, const char* end) {
  if (row_end == end) return end;
  const bool is_crlf = *row_end == '\r' && row_end + 1 != end && row_end[1] == '\n';
  return row_end + (is_crlf ? 2 : 1);
}

/// For a field that is an integer with no more than a sign, padding and quotes around its digits,
/// returns where its delimiter or row end stands, or `end`. Returns nullptr for other fields, and
/// for some rare ones that FieldParser takes for integers, too.
const char* skip_simple_field(const char* field, const char* end, char delimiter);

/// Fields are those of CPython's csv.reader (common/csv/row_automaton.h has the rules). An integer
/// is padding (bytes 9-13 and 32), an optional sign, ASCII digits, padding.
class FieldParser {
 public:
  explicit FieldParser(Dialect dialect) : dialect_(dialect) {}

  /// Parses the field that begins at `field`; returns where the delimiter or row end after it
  /// stands, or `end`. No quote may be open there.
  const char* parse(const char* field, const char* end);

  // About the last field. The texts are valid until the next parse().

  bool is_integer() const { return is_integer_; }
  /// Of an integer: whether it has a minus sign, and its digits.
  bool is_negative() const { return is_negative_; }
  std::string_view digits() const { return digits_; }
  /// Whether nothing is in the field but padding.
  bool is_empty() const { return is_empty_; }
  /// The field without its quotes.
  std::string_view value() const { return value_; }

 private:
  Dialect dialect_;
  std::string unquoted_;
  std::string_view value_;
  bool is_integer_ = false;
  bool is_empty_ = false;
  bool is_negative_ = false;
  std::string_view digits_;
};

/// Calls `see` with a parser that has parsed it, for each field of the row, which may have a row
/// end.
template <typename See>
void for_each_field(std::string_view row, Dialect dialect, See see) {
  FieldParser parser(dialect);
  const char* const end = row.data() + row.size();
  for (const char* at = row.data();; ++at) {
    at = parser.parse(at, end);
    see(parser);
    if (at == end || is_row_end(*at)) return;
  }
}

}  // namespace rowsum
