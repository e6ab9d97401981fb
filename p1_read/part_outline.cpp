// SPDX-License-Identifier: MIT
#include "p1_read/part_outline.h"

#include "common/base/buffer.h"
#include "common/io/read_write.h"
#include "common/wire/frame.h"
#include "p1_read/header_rows.h"

namespace rowsum {

namespace {

DividedFile look_at(const Inputs& input, const BatcherOptions& options, uint64_t parts) {
  DividedFile file;
  file.identity = input.identity();
  file.dialect = options.dialect;
  file.has_header = options.header != HeaderRow::none;
  file.rows_begin = read_beginning(input, options).rows_begin();
  file.beginning = hash_of(input.bytes({0, file.rows_begin}));
  file.parts = parts;
  return file;
}

}  // namespace

PartOutliner::PartOutliner(const DividedFile& file, uint64_t part) {
  part_.file = file;
  part_.part = part;
}

void PartOutliner::feed_block(std::string_view bytes) {
  part_.outline = part_.outline.then(Outline::of(bytes, part_.file.dialect));
  blocks_.push_back(payload_checksum("", bytes));
}

PartOutline PartOutliner::outline() const {
  PartOutline part = part_;
  part.hash = hash_of(blocks_);
  part.last_block = blocks_.empty() ? payload_checksum("", "") : blocks_.back();
  return part;
}

PartOutline outline_part(const Inputs& input, const BatcherOptions& options, const Part& part) {
  const DividedFile file = look_at(input, options, part.of);
  const Range range = nominal_range(file, part.number);
  PartOutliner outliner(file, part.number);
  Buffer buffer;
  buffer.reserve(block_size);
  for (uint64_t at = range.begin; at < range.end;) {
    const Range block = block_at(range, at);
    const std::span<char> into(buffer.data(), block.size());
    if (pread_fully(input.fd(), into, at, input.name()) < into.size()) throw shrunk(input.name());
    outliner.feed_block({into.data(), into.size()});
    at = block.end;
  }
  return outliner.outline();
}

}  // namespace rowsum
