// SPDX-License-Identifier: MIT
// Texts for tests of pure functions: all short ones, and random ones.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace rowsum {

/// Calls `check` with every string of the alphabet that has at most so many bytes.
template <typename Check>
void for_every_text(std::string_view alphabet, size_t longest, Check check) {
  std::string text;
  const auto go_on = [&](const auto& self) -> void {
    check(text);
    if (text.size() == longest) return;
    for (const char c : alphabet) {
      text.push_back(c);
      self(self);
      text.pop_back();
    }
  };
  go_on(go_on);
}

inline std::string random_text(std::mt19937& random, std::string_view alphabet, size_t size) {
  std::string text;
  while (text.size() < size) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace rowsum
