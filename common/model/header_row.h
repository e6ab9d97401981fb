// SPDX-License-Identifier: MIT
// What the first row of each input is.
#pragma once

#include <cstdint>

namespace rowsum {

enum class HeaderRow : uint8_t {
  none,    // a row like any other
  skip,    // a header, which has no index and no line
  repeat,  // the same, and a command gets it before each of its batches
};

}  // namespace rowsum
