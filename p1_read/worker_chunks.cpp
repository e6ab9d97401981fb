// SPDX-License-Identifier: MIT
// The part of WorkerDealing that is about chunks: stretches of a plain file that workers scan.
#include <algorithm>

#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "p1_read/worker_dealing.h"

namespace rowsum {

namespace {

/// Each place gets so many chunks at least, unless they would be smaller than `least_chunk`.
constexpr uint64_t chunks_of_place = 8, least_chunk = 512 << 10, page = 4 << 10;

}  // namespace

void WorkerDealing::begin_chunks(const Batcher& batcher) {
  headers_->note(batcher);
  const uint64_t rest = inputs_->skip_rest();
  if (rest == 0) return;
  // A short file is divided more finely, so that all workers are done at about the same time.
  const uint64_t share = rest / (chunks_of_place * options_.places) / page * page;
  const uint64_t size = std::min(chunk_size_, part_ ? block_size : std::max(share, least_chunk));
  chunks_.begin({batcher.scanned(), batcher.scanned() + rest}, size);
}

void WorkerDealing::deal_chunks() {
  while (chunks_.has_next()) {
    const auto place = dealer_.deal_chunk(kept_chunks);
    if (!place) return;
    places_.fill(*place);
    places_.deal_chunk(*place, chunks_.deal(*place), inputs_->index());
  }
}

void WorkerDealing::fold(Batcher& batcher) {
  while (const auto chunk = chunks_.take()) {
    try {
      feed(*chunk, batcher);
    } catch (const Failure&) {
      // The rows before it may be wrong as well, and are to be reported first.
      deal_after(*chunk, batcher);
      throw;
    }
    deal_after(*chunk, batcher);
    batcher.check();
  }
}

/// Deals the whole rows that are known to the place that has scanned the chunk.
void WorkerDealing::deal_after(const Chunks::Chunk& chunk, Batcher& batcher) {
  if (const auto batch = batcher.take_any()) {
    if (const auto rest = others_ ? deal_elsewhere(*batch) : batch) {
      dealer_.chunk_became_batch(chunk.place);
      return deal_to(chunk.place, *rest);
    }
  }
  dealer_.chunk_has_no_batch(chunk.place);
}

/// A chunk that no worker has scanned to its end is scanned here. If it cannot be read, that is
/// reported here, in the order of the input.
void WorkerDealing::feed(const Chunks::Chunk& chunk, Batcher& batcher) {
  if (batcher.scanned() < chunk.range.begin) return;  // a file that ends before its size
  if (chunk.outline->size() == chunk.range.size()) {
    if (part_) part_->bytes().saw_hash(chunk.range, chunk.checksum);
    return batcher.feed(*chunk.outline);
  }
  const std::string& name = inputs_->name();
  const std::string_view text = shared_->chunk(chunk.range, inputs_->index(), name);
  if (text.size() < chunk.range.size() && inputs_->has_shrunk()) throw shrunk(name);
  has_read(chunk.range.begin, text);
  batcher.feed(Outline::of(text, hello_.dialect));
}

}  // namespace rowsum
