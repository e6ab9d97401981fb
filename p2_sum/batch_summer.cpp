// SPDX-License-Identifier: MIT
#include "p2_sum/batch_summer.h"

#include "p2_sum/sum_rows.h"

namespace rowsum {

uint64_t BatchSummer::answer(const Batch& batch, std::string_view text) {
  collector_.begin(batch, text);
  sum_rows(collector_);
  return collector_.rows;
}

}  // namespace rowsum
