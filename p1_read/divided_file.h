// SPDX-License-Identifier: MIT
// A plain file that is divided into parts, which are worked on one by one, perhaps on several
// machines. Pure.
//
// The rows of the file are divided into nominal ranges of almost equal size, whatever lies at their
// borders. The rows of a part are those that end in its nominal range. Which rows these are is
// known once all nominal ranges have been looked at (plan.h).
//
// A nominal range is hashed in blocks, so that several processes can share that work.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/csv/dialect.h"
#include "common/model/range.h"
#include "common/wire/hello.h"

namespace rowsum {

/// XXH3, 128 bits.
struct Hash {
  uint64_t low = 0, high = 0;

  bool operator==(const Hash&) const = default;
};

Hash hash_of(std::string_view bytes);
/// The hash of numbers of 8 bytes each, the least significant byte first.
Hash hash_of(const std::vector<uint64_t>& numbers);

/// What is the same in the outlines of all parts, and in the plan.
struct DividedFile {
  Identity identity;  // its size, and a hash of its two ends
  Dialect dialect;
  bool has_header = false;
  uint64_t rows_begin = 0;  // after a byte order mark and the header row
  Hash beginning;           // of the bytes before that
  uint64_t parts = 0;

  uint64_t size() const { return identity.size; }
  bool operator==(const DividedFile&) const = default;
};

/// More parts than this would make the plan too long.
constexpr unsigned most_parts = 100'000;

/// The nominal range of a part, counted from 1. It may be empty.
Range nominal_range(const DividedFile& file, uint64_t part);

/// Every block of a nominal range but the last one has so many bytes. The hash of a block is XXH3,
/// 64 bits; that of the range is the hash of these.
constexpr uint64_t block_size = uint64_t{1} << 20;

/// The block of a nominal range in which the byte at `offset` lies.
Range block_at(const Range& nominal, uint64_t offset);

}  // namespace rowsum
