// SPDX-License-Identifier: MIT
// The part of a file that a run deals, as the plan says. The dealing itself goes on as it would for
// a whole file that ends where the part ends.
#pragma once

#include <optional>

#include "common/base/failure.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"
#include "p1_read/part_check.h"
#include "p1_read/part_options.h"
#include "p1_read/plan.h"

namespace rowsum {

class DealtPart {
 public:
  /// Reads the plan, and narrows the input to what is dealt of it. Throws Failure(usage) if the
  /// options are not those of the plan, or the input is not one plain file; Failure(bad_data) if it
  /// is another file than that of the plan; and what read_part_file() and parse_plan() throw.
  DealtPart(const PartOptions& options, const BatcherOptions& read_as, Inputs& input);
  DealtPart(const DealtPart&) = delete;
  DealtPart& operator=(const DealtPart&) = delete;

  Part number() const { return part_; }
  /// What distinguishes this file from others: its size, and a hash of all of it.
  Identity identity() const { return {plan_.file.size(), {plan_.hash.low, plan_.hash.high}}; }
  /// The number of the row with which reading begins, unless it begins with the file.
  std::optional<uint64_t> first_row() const;
  /// What is read is to be told to this.
  PartCheck& bytes() { return bytes_; }

  /// To be called when the part has been dealt, and before that is said. Throws Failure(bad_data)
  /// if the file is not what it was when the plan was made, and Failure(io).
  void check(const Inputs& input, const Batcher& dealt);
  /// What seems to be wrong with the rows may be what has changed in the file: if this failure is
  /// of that kind, throws what check() throws about the bytes.
  void explain(const Failure& failure, const Inputs& input);

 private:
  void check_options(const PartOptions& options, const BatcherOptions& read_as) const;

  Plan plan_;
  Part part_;
  PartCheck bytes_;
};

}  // namespace rowsum
