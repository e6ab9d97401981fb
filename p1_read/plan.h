// SPDX-License-Identifier: MIT
// Where the rows of each part of a file begin and which numbers they have. It follows from the
// outlines of all parts, and is all that the parts have to know of each other. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "p1_read/part_outline.h"

namespace rowsum {

struct PlannedPart {
  uint64_t begin = 0;  // where its rows begin: at the row that reaches into its nominal range
  uint64_t first_row = 0;
  bool begins_in_quotes = false;  // its nominal range
  Hash hash;                      // that of its outline, and so the next one
  uint64_t last_block = 0;

  bool operator==(const PlannedPart&) const = default;
};

struct Plan {
  DividedFile file;
  uint64_t rows = 0;  // of the whole file
  Hash hash;          // of the whole file: that of its beginning and of its parts
  std::vector<PlannedPart> parts;

  /// What is dealt for a part, counted from 1. All of these tile the file: the first begins with
  /// byte 0. A range is empty if no row ends in the nominal range of its part.
  Range dealt_range(uint64_t part) const;
  uint64_t rows_of(uint64_t part) const;

  bool operator==(const Plan&) const = default;
};

/// The hash of a file from those of its parts.
Hash hash_of(const DividedFile& file, const std::vector<PlannedPart>& parts);

/// An outline, and the name under which messages speak of it.
struct NamedOutline {
  std::string name;
  PartOutline part;
};

/// Makes the plan of the outlines of all parts, given in any order. Throws Failure(bad_data) if
/// some of them are missing, are there twice, or are not of the same file, divided and read in the
/// same way.
Plan fold(std::vector<NamedOutline> outlines);

}  // namespace rowsum
