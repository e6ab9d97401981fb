// SPDX-License-Identifier: MIT
#include "common/wire/count_lines.h"

#include <algorithm>
#include <array>

namespace rowsum {

uint64_t count_lines(std::string_view text) {
  // The inner loop compares `lanes` bytes, and compilers make vector instructions of it. A lane is
  // a byte, so it can count up to 255.
  constexpr size_t lanes = 32;
  constexpr size_t most_steps = 255;
  uint64_t lines = 0;
  while (text.size() >= lanes) {
    std::array<uint8_t, lanes> counts = {};
    const size_t steps = std::min(text.size() / lanes, most_steps);
    const char* at = text.data();
    for (size_t step = 0; step < steps; ++step, at += lanes) {
      for (size_t i = 0; i < lanes; ++i) {
        counts[i] = static_cast<uint8_t>(counts[i] + (at[i] == '\n'));
      }
    }
    for (const uint8_t count : counts) lines += count;
    text.remove_prefix(steps * lanes);
  }
  return lines + static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace rowsum
