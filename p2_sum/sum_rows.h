// SPDX-License-Identifier: MIT
// The kernel: it sums all rows of a batch, from bytes to printed lines.
#pragma once

#include "p2_sum/row_collector.h"

namespace rowsum {

/// Sums the rows of the text that `collector` has begun, with the vectors of the level in use
/// (common/simd/level.h). For every field the answer is that of FieldParser. Plain fields (digits
/// with an optional minus) only take a faster path.
void sum_rows(RowCollector& collector);

}  // namespace rowsum
