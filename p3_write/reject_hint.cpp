// SPDX-License-Identifier: MIT
#include "p3_write/reject_hint.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/csv/field_parser.h"
#include "common/worker/reasons.h"

namespace rowsum {

namespace {

struct Field {
  std::string value;
  bool is_integer;
  bool is_empty;
};

std::vector<Field> fields_of(std::string_view row, Dialect dialect) {
  std::vector<Field> fields;
  for_each_field(row, dialect, [&](const FieldParser& field) {
    fields.push_back({std::string(field.value()), field.is_integer(), field.is_empty()});
  });
  return fields;
}

/// The name of the encoding for iconv(1), if every second byte of the row is NUL, or if it begins
/// like a file in UTF-16; otherwise empty. Its rows are cut at bytes that look like row ends, which
/// are halves of characters. So only the first row, `is_first`, shows the order of the bytes.
std::string utf16_of(std::string_view row, bool is_first) {
  if (row.starts_with("\xFF\xFE") || row.starts_with("\xFE\xFF")) return "UTF-16";
  while (!row.empty() && is_row_end(row.back())) row.remove_suffix(1);
  if (row.size() < 2) return "";
  size_t nuls[2] = {0, 0};
  for (size_t i = 0; i < row.size(); ++i) nuls[i % 2] += row[i] == '\0';
  const bool is_big_endian = nuls[0] == (row.size() + 1) / 2;
  if (!is_big_endian && nuls[1] != row.size() / 2) return "";
  if (!is_first) return "UTF-16";
  return is_big_endian ? "UTF-16BE" : "UTF-16LE";
}

/// Whether the text is a number with a fraction or an exponent: 1.5, -2,5 or 1e3.
bool is_decimal(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_any_of = [&](std::string_view set) {
    const bool is_there = at != end && set.find(*at) != set.npos;
    if (is_there) ++at;
    return is_there;
  };
  const auto skip_digits = [&] {
    const char* const begin = at;
    at = std::find_if_not(at, end, is_digit);
    return at != begin;
  };
  while (skip_any_of(" ")) {
  }
  skip_any_of("+-");
  bool has_digits = skip_digits();
  const bool has_fraction = skip_any_of(".,");
  if (has_fraction) has_digits |= skip_digits();
  const bool has_exponent = has_digits && skip_any_of("eE");
  if (has_exponent) {
    skip_any_of("+-");
    if (!skip_digits()) return false;
  }
  while (skip_any_of(" ")) {
  }
  return at == end && has_digits && (has_fraction || has_exponent);
}

/// Letters beyond ASCII count as well, in any encoding.
bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
  });
}

/// What seems to be between the fields of a row that has only one field.
std::string other_delimiter(std::string_view value, char delimiter) {
  for (const char other : {';', '\t', '|', ','}) {
    if (other == delimiter || value.find(other) == value.npos) continue;
    if (other == '\t') return "if tabs are between the fields: -d tab";
    const std::string quoted = {'\'', other, '\''};
    return "if " + quoted + " is between the fields: -d " + quoted;
  }
  return "";
}

}  // namespace

std::vector<std::string> hints_about(const Reject& reject, uint64_t row, const Hello& hello) {
  if (reject.field == 0) return {};
  const std::vector<Field> fields = fields_of(reject.bytes, hello.dialect);
  if (reject.field > fields.size()) return {};
  const Field& bad = fields[reject.field - 1];
  if (!reject.reason.starts_with(not_an_integer(bad.value))) return {};
  const bool is_first_row = row == 0 && hello.header == HeaderRow::none;
  const std::string encoding = utf16_of(reject.bytes, is_first_row);
  if (!encoding.empty()) return {"if this is UTF-16, first: iconv -f " + encoding + " -t UTF-8"};
  if (bad.is_empty) return {"to take it for zero: --empty=zero"};
  if (fields.size() == 1) {
    const std::string hint = other_delimiter(bad.value, hello.dialect.delimiter);
    if (!hint.empty()) return {hint};
  }
  if (is_decimal(bad.value)) return {"only integers are summed"};
  const bool has_integers = std::any_of(fields.begin(), fields.end(),
                                        [](const Field& field) { return field.is_integer; });
  std::vector<std::string> hints;
  if (is_first_row && has_letter(bad.value)) {
    hints.push_back("if the first row is a header: --header");
  }
  if (has_integers && !hello.fields.are_selected()) {
    hints.push_back("to sum only some fields: -f LIST");
  }
  return hints;
}

}  // namespace rowsum
