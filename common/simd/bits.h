// SPDX-License-Identifier: MIT
// What the kernels do with bits in registers.
#pragma once

#include <cstdint>

namespace rowsum {

/// The lowest bit that is one, by itself; 0 if there is none.
constexpr uint64_t lowest_one(uint64_t bits) {
  return bits & (0 - bits);
}

/// Each bit of the result says whether the number of ones up to and including that bit is odd.
constexpr uint64_t parity_up_to(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

}  // namespace rowsum
