// SPDX-License-Identifier: MIT
// Makes the result of a batch from its rows: the lines "index,sum", and the rejects.
#pragma once

#include <string_view>
#include <vector>

#include "common/worker/answerer.h"
#include "p2_sum/row_collector.h"

namespace rowsum {

class BatchSummer : public Answerer {
 public:
  /// `empty_is_zero`: an empty field counts as 0; otherwise it is no integer.
  explicit BatchSummer(Dialect dialect, bool empty_is_zero = false)
      : collector_(dialect, empty_is_zero) {}

  /// If the number of the first row is unknown, the lines count from 0.
  uint64_t answer(const Batch& batch, std::string_view text) override;
  std::string_view lines() const override { return collector_.lines.lines(); }
  const std::vector<Reject>& rejects() const override { return collector_.rejects; }

 private:
  RowCollector collector_;
};

}  // namespace rowsum
