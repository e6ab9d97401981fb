#include "p2_sum/row_parser.h"

#include <optional>

namespace rowsum {

namespace {

struct Integer {
  bool negative;
  std::string_view digits;
};

bool is_padding(char c) {
  return c == ' ' || (c >= 9 && c <= 13);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_row_end(char c) {
  return c == '\n' || c == '\r';
}

std::optional<Integer> parse_integer(std::string_view field) {
  while (!field.empty() && is_padding(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_padding(field.back())) field.remove_suffix(1);
  const bool negative = !field.empty() && field.front() == '-';
  if (negative || (!field.empty() && field.front() == '+')) field.remove_prefix(1);
  if (field.empty()) return std::nullopt;
  for (const char c : field) {
    if (!is_digit(c)) return std::nullopt;
  }
  return Integer{negative, field};
}

}  // namespace

RowParser::RowParser(Dialect dialect)
    : dialect_(dialect),
      is_odd_delimiter_(is_digit(dialect.delimiter) || dialect.delimiter == '-') {}

const char* RowParser::parse(const char* row, const char* end) {
  // So many digits fit an int64_t whatever they are.
  constexpr ptrdiff_t few_digits = 18;
  sum_.clear();
  bad_field_ = 0;
  field_ = 0;
  const char* at = row;
  // A blank line is a row of no fields.
  while (!(at == row && is_row_end(*at))) {
    ++field_;
    const char* const field = at;
    const bool negative = at != end && *at == '-';
    if (negative) ++at;
    const char* const digits = at;
    int64_t value = 0;
    while (at != end && is_digit(*at) && at - digits < few_digits)
      value = 10 * value + (*at++ - '0');
    const bool is_whole = at == end || *at == dialect_.delimiter || is_row_end(*at);
    if (is_whole && at != digits && !is_odd_delimiter_) {
      sum_.add(negative ? -value : value);
    } else {
      at = parse_unusual_field(field, end);
    }
    if (at == end || *at != dialect_.delimiter) break;
    ++at;
  }
  if (at == end) return end;
  const bool is_crlf = *at == '\r' && at + 1 != end && at[1] == '\n';
  return at + (is_crlf ? 2 : 1);
}

/// Any field, from its first byte; returns where its delimiter or row end stands, or `end`.
const char* RowParser::parse_unusual_field(const char* const field, const char* const end) {
  const char* at = field;
  const auto is_over = [&] { return at == end || *at == dialect_.delimiter || is_row_end(*at); };
  std::string_view value;
  if (at != end && *at == quote) {
    value_.clear();
    for (++at; at != end; ++at) {
      if (*at == quote) {
        ++at;
        if (at == end || *at != quote) break;
      }
      value_ += *at;
    }
    for (; !is_over(); ++at) value_ += *at;
    value = value_;
  } else {
    while (!is_over()) ++at;
    value = {field, static_cast<size_t>(at - field)};
  }
  if (const auto integer = parse_integer(value)) {
    sum_.add_digits(integer->negative, integer->digits);
  } else if (bad_field_ == 0) {
    bad_field_ = field_;
    bad_field_begin_ = field;
    bad_value_ = value;
  }
  return at;
}

}  // namespace rowsum
