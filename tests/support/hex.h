// SPDX-License-Identifier: MIT
// Bytes as hex digits, as FORMAT.md and the tests of layouts write them.
#pragma once

#include <cctype>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rowsum {

/// The bytes of pairs of hex digits with white space between them; # begins a comment.
inline std::string from_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string bytes;
  int high = -1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') i = text.find('\n', i);
    if (i == std::string_view::npos) break;
    if (std::isspace(static_cast<unsigned char>(text[i]))) continue;
    const size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos) throw std::invalid_argument("not a hex digit");
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      bytes += static_cast<char>(high << 4 | static_cast<int>(digit));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("half a byte");
  return bytes;
}

/// "8f 48 45 4c": easy to compare when a test fails.
inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    if (!text.empty()) text += ' ';
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

}  // namespace rowsum
