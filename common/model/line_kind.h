// SPDX-License-Identifier: MIT
// What the lines of results are.
#pragma once

#include <cstdint>

namespace rowsum {

enum class LineKind : uint8_t {
  sums,  // "index,sum" for each row that is no reject
  text,  // "index,text" for each row that is no reject, the text being of any bytes but LF
  any,   // any number of lines for a batch, without an index
};

}  // namespace rowsum
