// SPDX-License-Identifier: MIT
// What a worker makes of the rows that it is given. The conversation around it is the same for all
// workers (conversation.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/batch.h"
#include "common/model/reject.h"

namespace rowsum {

class Answerer {
 public:
  virtual ~Answerer() = default;

  /// The batches that come next are of another input, which has this header row, with its row end.
  /// Called only if the inputs have headers.
  virtual void begin_input(std::string_view /*header_row*/) {}

  /// Memory for `size` bytes, into which the text of the next batch may be read, so that answer()
  /// need not copy it. Empty if the text may be anywhere.
  virtual std::span<char> room(size_t /*size*/) { return {}; }

  /// Answers a batch, whose text is whole rows. Returns how many rows the text really has. If these
  /// are not as many as the batch says, the answer is not used. A Failure ends the worker.
  virtual uint64_t answer(const Batch& batch, std::string_view text) = 0;

  // The answer to the last batch, valid until the next call of answer().

  virtual std::string_view lines() const = 0;
  /// In the order of the rows. Each has the number of its field and its offset as if the text were
  /// what stands in the input.
  virtual const std::vector<Reject>& rejects() const = 0;
  /// The header line of the output, with LF; empty if the lines have none.
  virtual std::string_view header_line() const { return {}; }

  /// What answers in place of this program, for messages; empty if nothing does.
  virtual std::string command() const { return ""; }

  /// No batch comes any more.
  virtual void end() {}
};

}  // namespace rowsum
