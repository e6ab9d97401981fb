// Parses one field of CSV, which may have any form: the exact path, a byte at a time.
#pragma once

#include <string>

#include "common/csv/dialect.h"
#include "p2_sum/exact_sum.h"

namespace rowsum {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_row_end(char c) {
  return c == '\n' || c == '\r';
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

  /// About the last field: whether it is an integer. If so, add_to() adds it. value() is the field
  /// without its quotes (valid until the next parse()).
  bool is_integer() const { return is_integer_; }
  void add_to(ExactSum& sum) const { sum.add_digits(is_negative_, digits_); }
  std::string_view value() const { return value_; }

 private:
  Dialect dialect_;
  std::string unquoted_;
  std::string_view value_;
  bool is_integer_ = false;
  bool is_negative_ = false;
  std::string_view digits_;
};

}  // namespace rowsum
