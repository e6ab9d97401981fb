// SPDX-License-Identifier: MIT
#include "p1_read/chunks.h"

#include <algorithm>

namespace rowsum {

void Chunks::begin(const Range& part, uint64_t size) {
  next_ = part.begin;
  end_ = part.end;
  size_ = size;
}

Range Chunks::deal(size_t place) {
  const Range range{next_, next_ + std::min(size_, end_ - next_)};
  dealt_.push_back({range, place, std::nullopt, 0});
  next_ = range.end;
  return range;
}

void Chunks::scanned(const ScannedChunk& scanned) {
  const auto is_it = [&](const Chunk& chunk) { return chunk.range.begin == scanned.begin; };
  const auto found = std::find_if(dealt_.begin(), dealt_.end(), is_it);
  if (found == dealt_.end() || found->outline) return;
  found->outline = scanned.outline;
  found->checksum = scanned.checksum;
}

std::optional<Chunks::Chunk> Chunks::take() {
  if (dealt_.empty() || !dealt_.front().outline) return std::nullopt;
  const Chunk chunk = dealt_.front();
  dealt_.pop_front();
  return chunk;
}

}  // namespace rowsum
