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

/// Divides a batch into its first whole rows, of at least `bytes` bytes unless there are fewer, and
/// the rest, if there is one. Otherwise as cut_batch().
std::vector<Batch> split_batch(const Batch& batch, std::string_view text, Dialect dialect,
                               uint64_t bytes);

}  // namespace rowsum
