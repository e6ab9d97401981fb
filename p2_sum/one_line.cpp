// SPDX-License-Identifier: MIT
#include "p2_sum/one_line.h"

#include "common/csv/field_parser.h"
#include "common/csv/scan.h"

namespace rowsum {

std::string_view OneLine::write(std::string_view text) {
  const PlainScan scan = scan_plain(text);
  if (!scan.has_quotes && !scan.has_carriage_returns && text.ends_with('\n')) return text;
  lines_.clear();
  lines_.reserve(text.size() + 1);
  FieldParser parser(dialect_);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const row = at;
    for (bool is_over = false; !is_over;) {
      const char* const field = at;
      at = parser.parse(field, end);
      const bool is_only = field == row && (at == end || is_row_end(*at));
      if (field == at || *field != quote) {
        lines_.append(field, at);
      } else {
        write_unquoted(parser.value(), is_only);
      }
      is_over = at == end || is_row_end(*at);
      if (!is_over) lines_ += *at++;
    }
    lines_ += '\n';
    at = skip_row_end(at, end);
  }
  return lines_;
}

void OneLine::write_unquoted(std::string_view value, bool is_only) {
  field_.clear();
  bool needs_quotes = value.empty() && is_only;
  for (size_t i = 0; i < value.size(); ++i) {
    char byte = value[i];
    if (byte == '\r' && i + 1 < value.size() && value[i + 1] == '\n') ++i;
    if (is_row_end(byte)) byte = ' ';
    needs_quotes |= byte == quote || byte == dialect_.delimiter;
    field_ += byte;
    if (byte == quote) field_ += quote;
  }
  if (needs_quotes) lines_ += quote;
  lines_ += field_;
  if (needs_quotes) lines_ += quote;
}

}  // namespace rowsum
