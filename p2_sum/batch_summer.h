// Makes the result of a batch from its rows: the lines "index,sum", and the rejects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/batch.h"
#include "common/model/reject.h"
#include "p2_sum/row_collector.h"

namespace rowsum {

class BatchSummer {
 public:
  explicit BatchSummer(Dialect dialect) : collector_(dialect) {}

  /// `text`: batch.text bytes, whole rows. If the number of the first row is unknown, the lines
  /// count from 0. Returns how many rows the text really has.
  uint64_t sum(const Batch& batch, std::string_view text);

  /// Answers a batch of one row, or of none, without looking at the row: it is a reject.
  uint64_t refuse(const Batch& batch, std::string_view text);

  /// The result of the last batch.
  std::string_view lines() const { return collector_.lines.lines(); }
  const std::vector<Reject>& rejects() const { return collector_.rejects; }

 private:
  RowCollector collector_;
};

}  // namespace rowsum
