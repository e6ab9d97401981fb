// SPDX-License-Identifier: MIT
// A chunk is a part of a plain file that p1_read asks a worker to scan. The worker answers with the
// outline of its bytes. All workers of a run write their answers into one pipe. An answer is
// shorter than PIPE_BUF, so it stays in one piece between those of other workers, and a worker that
// is killed has written all of it or nothing (pipe(7)).
//
// FORMAT.md, "Outlines", has the bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/csv/outline.h"

namespace rowsum {

struct ScannedChunk {
  uint32_t place = 0;     // of the worker
  uint64_t begin = 0;     // the offset of the chunk in the input
  Outline outline;        // of fewer bytes than the chunk has, if the worker could not read more
  uint64_t checksum = 0;  // XXH3 (64 bits) of these bytes, with wants_checksum; otherwise 0

  bool operator==(const ScannedChunk&) const = default;
};

constexpr size_t scanned_chunk_size = 24 + 32 * reading_states + 8;

std::string encode(const ScannedChunk& chunk);

/// Makes answers of bytes, which may come in pieces of any size. Throws std::invalid_argument for
/// bytes that are no outline.
class ScannedChunkParser {
 public:
  std::vector<ScannedChunk> feed(std::span<const char> bytes);

 private:
  std::string held_;  // the beginning of the next answer
};

}  // namespace rowsum
