// SPDX-License-Identifier: MIT
#include "common/wire/scanned_chunk.h"

#include <stdexcept>

#include "common/wire/little_endian.h"

namespace rowsum {

namespace {

/// Whether some bytes, so many, can have this passage.
bool is_possible(const Passage& passage, uint64_t size) {
  const bool has_content_end = passage.content_end != Passage::none;
  return passage.rows <= size && passage.row_end <= size &&
         (!has_content_end || passage.content_end < size);
}

Passage decode_passage(const char*& at, uint64_t size) {
  Passage passage;
  const auto exit = get<uint64_t>(at);
  if (exit >= reading_states) throw std::invalid_argument("an outline of unknown states");
  passage.exit = static_cast<ReadingState>(exit);
  passage.rows = get<uint64_t>(at);
  passage.row_end = get<uint64_t>(at);
  passage.content_end = get<uint64_t>(at);
  if (!is_possible(passage, size)) throw std::invalid_argument("an outline of no text");
  return passage;
}

ScannedChunk decode(const char* at) {
  ScannedChunk chunk;
  chunk.place = get<uint32_t>(at);
  get<uint32_t>(at);
  chunk.begin = get<uint64_t>(at);
  const auto size = get<uint64_t>(at);
  std::array<Passage, reading_states> passages;
  for (Passage& passage : passages) passage = decode_passage(at, size);
  chunk.outline = Outline(size, passages);
  chunk.checksum = get<uint64_t>(at);
  return chunk;
}

}  // namespace

std::string encode(const ScannedChunk& chunk) {
  char bytes[scanned_chunk_size];
  char* at = bytes;
  put<uint32_t>(at, chunk.place);
  put<uint32_t>(at, 0);
  put<uint64_t>(at, chunk.begin);
  put<uint64_t>(at, chunk.outline.size());
  for (size_t state = 0; state < reading_states; ++state) {
    const Passage& passage = chunk.outline.from(static_cast<ReadingState>(state));
    put<uint64_t>(at, static_cast<uint64_t>(passage.exit));
    put<uint64_t>(at, passage.rows);
    put<uint64_t>(at, passage.row_end);
    put<uint64_t>(at, passage.content_end);
  }
  put<uint64_t>(at, chunk.checksum);
  return {bytes, sizeof bytes};
}

std::vector<ScannedChunk> ScannedChunkParser::feed(std::span<const char> bytes) {
  held_.append(bytes.data(), bytes.size());
  std::vector<ScannedChunk> chunks;
  size_t at = 0;
  for (; held_.size() - at >= scanned_chunk_size; at += scanned_chunk_size) {
    chunks.push_back(decode(held_.data() + at));
  }
  held_.erase(0, at);
  return chunks;
}

}  // namespace rowsum
