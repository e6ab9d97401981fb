// SPDX-License-Identifier: MIT
// Consecutive whole rows: the unit that is dealt, summed and put back in order.
#pragma once

#include <cstdint>

#include "common/model/range.h"

namespace rowsum {

/// A row number that is not known, as in a part of a file that was cut without the parts before it.
/// The program that puts the batches back in order adds the rows of those parts.
constexpr uint64_t unknown_row = UINT64_MAX;

struct Batch {
  Range range;
  uint64_t text = 0;       // bytes of rows, after a byte order mark and a header of the range
  uint32_t input = 0;      // which file, counted from 0. A batch never spans two files
  uint64_t first_row = 0;  // the number of its first row, or unknown_row
  uint64_t rows = 0;

  uint64_t text_begin() const { return range.end - text; }
  bool operator==(const Batch&) const = default;
};

}  // namespace rowsum
