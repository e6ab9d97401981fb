#include "p2_sum/batch_summer.h"

#include "p2_sum/sum_rows.h"

namespace rowsum {

uint64_t BatchSummer::sum(const Batch& batch, std::string_view text) {
  collector_.begin(batch, text);
  sum_rows(collector_);
  return collector_.rows;
}

uint64_t BatchSummer::refuse(const Batch& batch, std::string_view text) {
  collector_.begin(batch, text);
  if (batch.rows > 0) {
    collector_.rejects.push_back({0, 0, batch.text_begin(), 0, "", std::string(text)});
  }
  return batch.rows;
}

}  // namespace rowsum
