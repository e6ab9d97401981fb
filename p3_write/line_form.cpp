// SPDX-License-Identifier: MIT
#include "p3_write/line_form.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/base/failure.h"

namespace rowsum {

namespace {

/// A few bytes that every line has. All 16 are copied, however many they are: that is much faster
/// than to copy a number of bytes that the compiler does not know.
class Piece {
 public:
  static constexpr size_t most = 16;

  explicit Piece(const std::string& text) : size_(text.copy(bytes_, most)) {}

  /// Writes the piece, and returns where it ends. Up to `most` bytes are overwritten.
  char* write(char* at) const {
    std::memcpy(at, bytes_, most);
    return at + size_;
  }

 private:
  char bytes_[most] = {};
  size_t size_;
};

std::string line_end_of(const LineForm& form) {
  return form.crlf ? "\r\n" : "\n";
}

std::string text_before_index(const LineForm& form) {
  if (!form.is_json) return "";
  return form.has_index ? "{\"index\":" : "{";
}

std::string text_before_value(const LineForm& form) {
  if (!form.is_json) return form.has_index ? std::string(1, form.delimiter) : "";
  const std::string key = '"' + std::string(name_of_values(form)) + "\":";
  return (form.has_index ? "," : "") + key + (form.lines == LineKind::text ? "\"" : "");
}

std::string text_after_value(const LineForm& form) {
  if (!form.is_json) return line_end_of(form);
  return (form.lines == LineKind::text ? "\"}" : "}") + line_end_of(form);
}

/// Whether the text is an integer as JSON has it.
bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return '0' <= c && c <= '9'; });
}

Failure not_lines(const std::string& name) {
  return Failure(ExitStatus::bad_data, name + ": a result whose lines are not \"index,sum\"");
}

// --- JSON strings (RFC 8259) --------------------------------------------------------------------

constexpr size_t longest_escape = 6;

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '"' || c == '\\';
}

size_t count_escapes(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), needs_escape));
}

char* print_escape(char* at, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::string_view with_letter = "\"\\\b\f\r\t", letters = "\"\\bfrt";
  *at++ = '\\';
  if (const size_t i = with_letter.find(c); i != with_letter.npos) {
    *at++ = letters[i];
    return at;
  }
  const auto byte = static_cast<unsigned char>(c);
  at = std::copy_n("u00", 3, at);
  *at++ = digits[byte / 16];
  *at++ = digits[byte % 16];
  return at;
}

char* print_escaped(char* at, std::string_view text) {
  for (const char c : text) {
    if (needs_escape(c)) {
      at = print_escape(at, c);
    } else {
      *at++ = c;
    }
  }
  return at;
}

}  // namespace

std::string header_line(const LineForm& form, std::string_view name) {
  if (form.is_json) return "";
  std::string index = form.has_index ? std::string("index") + form.delimiter : "";
  return index.append(name).append(line_end_of(form));
}

std::string_view name_of_values(const LineForm& form) {
  return form.lines == LineKind::text ? "line" : "sum";
}

std::string reformat(std::string_view lines, const LineForm& form, uint64_t base,
                     const std::string& name) {
  constexpr size_t longest_index = 20;
  constexpr size_t longest_frame = 3 * Piece::most + longest_index;
  const Piece before_index(text_before_index(form));
  const Piece before_value(text_before_value(form));
  const Piece after_value(text_after_value(form));
  const bool is_string = form.is_json && form.lines == LineKind::text;
  const bool is_number = form.is_json && form.lines == LineKind::sums;

  std::string formed(lines.size() + lines.size() / 4, '\0');
  size_t size = 0;
  while (!lines.empty()) {
    const char* const end = lines.data() + lines.size();
    uint64_t index = 0;
    const auto [comma, error] = std::from_chars(lines.data(), end, index);
    const size_t line_end = lines.find('\n');
    if (error != std::errc() || line_end == lines.npos || *comma != ',') throw not_lines(name);
    const std::string_view value(comma + 1, lines.data() + line_end);
    if (is_number && !is_integer(value)) throw not_lines(name);
    const size_t escapes = is_string ? count_escapes(value) : 0;
    const size_t most = longest_frame + value.size() + escapes * (longest_escape - 1);
    if (formed.size() - size < most) formed.resize(2 * size + most);
    char* at = before_index.write(formed.data() + size);
    if (form.has_index) at = std::to_chars(at, at + longest_index, base + index).ptr;
    at = before_value.write(at);
    if (escapes > 0) {
      at = print_escaped(at, value);
    } else {
      at = static_cast<char*>(std::memcpy(at, value.data(), value.size())) + value.size();
    }
    size = static_cast<size_t>(after_value.write(at) - formed.data());
    lines.remove_prefix(line_end + 1);
  }
  formed.resize(size);
  return formed;
}

}  // namespace rowsum
