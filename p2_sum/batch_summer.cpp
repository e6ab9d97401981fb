#include "p2_sum/batch_summer.h"

#include "p2_sum/sum_rows.h"

namespace rowsum {

uint64_t BatchSummer::sum(const Batch& batch, std::string_view text) {
  state_.begin(batch, text);
  sum_rows(state_);
  return state_.rows;
}

}  // namespace rowsum
