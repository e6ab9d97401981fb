// The kernel: all rows of a batch, from bytes to printed lines.
#pragma once

#include "p2_sum/row_state.h"

namespace rowsum {

/// Sums the rows of the text that `state` has begun on, with the best vectors there are
/// (common/simd/level.h). Whatever a field looks like, the answer is that of FieldParser; plain
/// ones (digits with an optional minus) only get there faster.
void sum_rows(RowState& state);

}  // namespace rowsum
