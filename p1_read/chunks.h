// SPDX-License-Identifier: MIT
// The chunks of a plain file while workers scan them (common/wire/scanned_chunk.h): which have been
// dealt, and what is known of them. The outlines are known in any order and are taken in the order
// of the input, because only then it is known in which state a reading enters each of them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "common/model/range.h"
#include "common/wire/scanned_chunk.h"

namespace rowsum {

class Chunks {
 public:
  struct Chunk {
    Range range;
    size_t place = 0;                // the one that scans it
    std::optional<Outline> outline;  // once it is known
    uint64_t checksum = 0;           // likewise, if it was wanted
  };

  /// Divides this part of the input into chunks of `size` bytes, the last of which may be shorter.
  /// All chunks before must have been taken.
  void begin(const Range& part, uint64_t size);

  /// Whether a chunk is left that has not been dealt.
  bool has_next() const { return next_ < end_; }
  /// Deals the next chunk to a place, and returns its range.
  Range deal(size_t place);

  /// A worker has scanned a chunk. Does nothing if that was known already, or if there is no such
  /// chunk.
  void scanned(const ScannedChunk& scanned);

  /// Returns the first chunk if its outline is known. The next one is the first from then on.
  std::optional<Chunk> take();

  /// Whether every chunk has been taken.
  bool is_over() const { return !has_next() && dealt_.empty(); }

 private:
  uint64_t next_ = 0;  // where the next chunk begins
  uint64_t end_ = 0;
  uint64_t size_ = 0;
  std::deque<Chunk> dealt_;  // and not taken, in the order of the input
};

}  // namespace rowsum
