// Consecutive whole rows: the unit that is dealt, summed and put back in order.
#pragma once

#include <cstdint>

#include "common/model/range.h"

namespace rowsum {

/// A row number nobody knows, as in a part of a file that was cut without the rest: whoever puts
/// the batches back in order adds the rows that came before.
constexpr uint64_t unknown_row = UINT64_MAX;

struct Batch {
  Range range;
  uint64_t text = 0;       // bytes of rows: the last ones of the range; a BOM, a header come before
  uint32_t input = 0;      // which file, counted from 0; a batch never spans two
  uint64_t first_row = 0;  // its index in the output, or unknown_row
  uint64_t rows = 0;

  uint64_t text_begin() const { return range.end - text; }
  bool operator==(const Batch&) const = default;
};

}  // namespace rowsum
