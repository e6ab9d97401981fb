// SPDX-License-Identifier: MIT
// Checks that a part of a file is what it was when its outline was made: the bytes of its nominal
// range, those before it that belong to its first row, and the beginning of the file.
//
// A process that reads a block hashes it as well, so most blocks need not be read again for this.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "p1_read/inputs.h"
#include "p1_read/plan.h"

namespace rowsum {

class PartCheck {
 public:
  /// `part`: from 1. The plan must outlive this object.
  PartCheck(const Plan& plan, uint64_t part);

  /// Whether a block begins at `offset`, or the nominal range ends there.
  bool is_border(uint64_t offset) const;
  /// How many bytes there are at most from `offset` to the next border after it; at least one.
  size_t until_border(uint64_t offset) const;

  /// These bytes of the file have been read. They may be of any part; what does not follow the
  /// bytes before is left to check().
  void saw(uint64_t offset, std::string_view bytes);
  /// These bytes of the file have this hash. It counts if they are a block, and nothing was known
  /// of it.
  void saw_hash(const Range& range, uint64_t hash);

  /// Reads the blocks of which nothing is known. Throws Failure(bad_data) if they or others are not
  /// what they were, and Failure(io).
  void check(const Inputs& input);

 private:
  std::vector<uint64_t> hashes(const Inputs& input, const Range& nominal) const;
  void check_part(const Inputs& input, uint64_t part) const;
  void check_before(const Inputs& input) const;

  const Plan& plan_;
  uint64_t part_;
  Range nominal_;
  std::vector<std::optional<uint64_t>> known_;  // of each block of the nominal range
  XXH3_state_t state_;                          // of the block that is being read,
  uint64_t at_ = 0;                             // up to here
};

}  // namespace rowsum
