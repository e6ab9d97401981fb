// SPDX-License-Identifier: MIT
#include "common/wire/frame.h"

#include <xxhash.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

#include "common/wire/little_endian.h"

namespace rowsum {

namespace {

// Byte 0 is not ASCII and does not begin a character in UTF-8, so no text file begins like a
// stream.
constexpr std::string_view marks[] = {"\x8fHEL",
                                      "\x8f"
                                      "BAT",
                                      "\x8fRES",
                                      "\x8f"
                                      "END",
                                      "\x8f"
                                      "CHU",
                                      "\x8fINP",
                                      "\x8fHDR"};
constexpr size_t checksum_at = frame_header_size - 8;

}  // namespace

std::array<char, frame_header_size> encode(const FrameHeader& header) {
  std::array<char, frame_header_size> bytes;
  const std::string_view mark = marks[static_cast<size_t>(header.type)];
  char* at = std::copy(mark.begin(), mark.end(), bytes.data());
  put<uint16_t>(at, format_version);
  put<uint16_t>(at, header.flags);
  put<uint32_t>(at, header.input);
  put<uint32_t>(at, header.where);
  put<uint64_t>(at, header.range.begin);
  put<uint64_t>(at, header.range.end);
  put<uint64_t>(at, header.first_row);
  put<uint64_t>(at, header.rows);
  put<uint64_t>(at, header.details);
  put<uint64_t>(at, header.text);
  put<uint64_t>(at, header.checksum);
  put<uint64_t>(at, XXH3_64bits(bytes.data(), checksum_at));
  return bytes;
}

FrameType decode_mark(std::span<const char> bytes) {
  const std::string_view mark(bytes.data(), frame_mark_size);
  size_t type = 0;
  while (type < std::size(marks) && marks[type] != mark) ++type;
  if (type == std::size(marks)) throw std::invalid_argument("not a stream of batches or results");
  return static_cast<FrameType>(type);
}

FrameHeader decode_header(std::span<const char> bytes) {
  FrameHeader header;
  header.type = decode_mark(bytes);
  const char* at = bytes.data() + frame_mark_size;
  const auto version = get<uint16_t>(at);
  if (version != format_version) {
    throw std::invalid_argument("format version " + std::to_string(version) +
                                "; this program reads version " + std::to_string(format_version));
  }
  header.flags = get<uint16_t>(at);
  header.input = get<uint32_t>(at);
  header.where = get<uint32_t>(at);
  header.range.begin = get<uint64_t>(at);
  header.range.end = get<uint64_t>(at);
  header.first_row = get<uint64_t>(at);
  header.rows = get<uint64_t>(at);
  header.details = get<uint64_t>(at);
  header.text = get<uint64_t>(at);
  header.checksum = get<uint64_t>(at);
  if (get<uint64_t>(at) != XXH3_64bits(bytes.data(), checksum_at)) {
    throw std::invalid_argument("a damaged frame header");
  }
  if (header.details > part_limit || header.text > part_limit) {
    throw std::invalid_argument("a frame of absurd length");
  }
  return header;
}

uint64_t payload_checksum(std::string_view details, std::string_view text) {
  if (details.empty()) return XXH3_64bits(text.data(), text.size());
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, details.data(), details.size());
  XXH3_64bits_update(&state, text.data(), text.size());
  return XXH3_64bits_digest(&state);
}

FrameHeader header_of(const Batch& batch) {
  FrameHeader header;
  header.type = FrameType::batch;
  header.range = batch.range;
  header.input = batch.input;
  header.first_row = batch.first_row;
  header.rows = batch.rows;
  header.text = batch.text;
  return header;
}

}  // namespace rowsum
