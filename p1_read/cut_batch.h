// Cuts a batch into smaller ones.
#pragma once

#include <string_view>
#include <vector>

#include "common/csv/dialect.h"
#include "common/model/batch.h"

namespace rowsum {

/// At most `most` batches of about as many rows each, which tile `batch` and follow one another.
/// `text` is the batch's: whole rows, of which the last may lack its row end. The number of its
/// first row is known.
std::vector<Batch> cut_batch(const Batch& batch, std::string_view text, Dialect dialect,
                             uint64_t most);

}  // namespace rowsum
