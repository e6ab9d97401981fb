// SPDX-License-Identifier: MIT
#include "common/csv/field_parser.h"

#include <algorithm>

namespace rowsum {

namespace {
bool is_padding(char c) {
  return c == ' ' || (c >= 9 && c <= 13);
}
}  // namespace

const char* skip_simple_field(const char* const field, const char* const end, char delimiter) {
  const char* at = field;
  const auto is_at = [&](char c) { return at != end && *at == c && c != delimiter; };
  const auto skip_padding = [&] {
    while (is_at(' ') || is_at('\t')) ++at;
  };
  const bool is_quoted = is_at(quote);
  if (is_quoted) ++at;
  skip_padding();
  if (is_at('-') || is_at('+')) ++at;
  const char* const digits = at;
  while (at != end && is_digit(*at)) ++at;
  if (at == digits) return nullptr;
  skip_padding();
  if (is_quoted) {
    if (!is_at(quote)) return nullptr;
    ++at;
  }
  return at == end || *at == delimiter || is_row_end(*at) ? at : nullptr;
}

const char* FieldParser::parse(const char* const field, const char* const end) {
  const char* at = field;
  const auto is_over = [&] { return at == end || *at == dialect_.delimiter || is_row_end(*at); };
  if (at != end && *at == quote) {
    unquoted_.clear();
    for (++at; at != end; ++at) {
      if (*at == quote && (++at == end || *at != quote)) break;
      unquoted_ += *at;
    }
    for (; !is_over(); ++at) unquoted_ += *at;
    value_ = unquoted_;
  } else {
    while (!is_over()) ++at;
    value_ = {field, static_cast<size_t>(at - field)};
  }

  digits_ = value_;
  while (!digits_.empty() && is_padding(digits_.front())) digits_.remove_prefix(1);
  while (!digits_.empty() && is_padding(digits_.back())) digits_.remove_suffix(1);
  is_empty_ = digits_.empty();
  is_negative_ = !digits_.empty() && digits_.front() == '-';
  if (is_negative_ || (!digits_.empty() && digits_.front() == '+')) digits_.remove_prefix(1);
  is_integer_ = !digits_.empty() && std::all_of(digits_.begin(), digits_.end(), is_digit);
  return at;
}

}  // namespace rowsum
