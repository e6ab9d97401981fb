// SPDX-License-Identifier: MIT
// Cuts a batch into smaller ones.
#pragma once

#include <string_view>
#include <vector>

#include "common/csv/dialect.h"
#include "common/model/batch.h"

namespace rowsum {

/// Returns at most `most` batches with about the same number of rows each. They tile `batch` and
/// are in order. `text` is the text of `batch`: whole rows, of which the last one may lack its row
/// end. The number of the first row of `batch` must be known.
std::vector<Batch> cut_batch(const Batch& batch, std::string_view text, Dialect dialect,
                             uint64_t most);

}  // namespace rowsum
