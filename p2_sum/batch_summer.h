// A batch's rows to its result: the lines "index,sum", and what is no sum.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/batch.h"
#include "common/model/reject.h"
#include "p2_sum/row_state.h"

namespace rowsum {

class BatchSummer {
 public:
  explicit BatchSummer(Dialect dialect) : state_(dialect) {}

  /// `text`: batch.text bytes, whole rows. Where the first row's number is unknown the lines count
  /// from 0. Returns how many rows there really were.
  uint64_t sum(const Batch& batch, std::string_view text);

  /// Answers a batch of one row, or none, without looking at it: the row is a reject.
  uint64_t refuse(const Batch& batch, std::string_view text);

  /// Of the last batch.
  std::string_view lines() const { return state_.lines.lines(); }
  const std::vector<Reject>& rejects() const { return state_.rejects; }

 private:
  RowState state_;
};

}  // namespace rowsum
