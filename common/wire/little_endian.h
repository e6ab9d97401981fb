// SPDX-License-Identifier: MIT
// Integers as bytes, least significant byte first, on any machine.
#pragma once

#include <cstddef>

namespace rowsum {

/// Writes `value` at `at` and moves `at` past it.
template <typename Integer>
void put(char*& at, Integer value) {
  for (size_t i = 0; i < sizeof(Integer); ++i) *at++ = static_cast<char>(value >> (8 * i));
}

/// Reads an Integer at `at` and moves `at` past it.
template <typename Integer>
Integer get(const char*& at) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof(Integer); ++i) {
    const auto byte = static_cast<unsigned char>(*at++);
    value = static_cast<Integer>(value | static_cast<Integer>(Integer{byte} << (8 * i)));
  }
  return value;
}

}  // namespace rowsum
