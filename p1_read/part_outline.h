// SPDX-License-Identifier: MIT
// What there is to know of one part of a file before anything is known of the others: what its
// bytes do to a reading that enters it, and their hash.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/csv/outline.h"
#include "p1_read/batcher.h"
#include "p1_read/divided_file.h"
#include "p1_read/inputs.h"

namespace rowsum {

struct PartOutline {
  DividedFile file;
  uint64_t part = 0;        // from 1
  Outline outline;          // of the nominal range
  Hash hash;                // of the nominal range
  uint64_t last_block = 0;  // the hash of its last block, or of no bytes if it is empty

  bool operator==(const PartOutline&) const = default;
};

/// Makes the outline of a part from its blocks, which are fed in order. Pure.
class PartOutliner {
 public:
  PartOutliner(const DividedFile& file, uint64_t part);

  void feed_block(std::string_view bytes);
  PartOutline outline() const;

 private:
  PartOutline part_;
  std::vector<uint64_t> blocks_;
};

/// Reads the part of the one plain file that is the input. Throws Failure(io), also if the file
/// becomes shorter meanwhile, and Failure(bad_data) if its header row never ends or is too long.
PartOutline outline_part(const Inputs& input, const BatcherOptions& options, const Part& part);

}  // namespace rowsum
