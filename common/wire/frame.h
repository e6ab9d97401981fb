// SPDX-License-Identifier: MIT
// The header that every frame begins with, as bytes. FORMAT.md beside this file is the reference.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/model/batch.h"

namespace rowsum {

enum class FrameType : uint8_t { hello, batch, result, end, chunk, input, header };

constexpr uint16_t format_version = 2;
constexpr size_t frame_header_size = 80;
constexpr size_t frame_mark_size = 4;
constexpr char frame_first_byte = '\x8f';  // the first byte of every mark

/// Bits of FrameHeader::flags.
constexpr uint16_t text_is_shared =
    1;  // no text follows; it lies in the input, or in the ring for results
constexpr uint16_t has_checksum = 2;  // the checksum of the payload is set, also for shared text
constexpr uint16_t is_refused = 4;    // the row is not to be summed but to be returned as a reject
constexpr uint16_t wants_checksum =
    8;  // the outline of the chunk is to have the checksum of its bytes

/// The most bytes of details, and of text. A header with more is refused before anything is
/// allocated.
constexpr uint64_t part_limit = uint64_t{1} << 40;

/// A frame is a header, then `details` bytes (cereal, see codec.h), then `text` bytes as they are:
/// the rows of a batch, the lines of a result, or a header row.
struct FrameHeader {
  FrameType type = FrameType::hello;
  uint16_t flags = 0;
  /// batch, result, chunk: its range. hello: where the first begins and the last will probably end.
  /// end: where the last ends. input: where byte 0 of it lies
  Range range;
  uint32_t input = 0;  // batch, result, chunk, input, header
  /// hello: the descriptor of the ring for results, or 0. batch: the descriptor for the message
  /// that it is answered, or 0. chunk: the descriptor for its outline. input: the descriptor of
  /// p1_read that has it open. result: where in the ring its lines begin
  uint32_t where = 0;
  uint64_t first_row = 0;  // batch, result. hello: which part of the file, from 1, or 0
  uint64_t rows = 0;       // batch, result: its rows. end: all rows. hello: how many parts
  uint64_t details = 0;    // bytes
  uint64_t text = 0;       // bytes
  uint64_t checksum = 0;   // XXH3 (64 bits) of details and text, with has_checksum

  /// Bytes that follow the header in the stream.
  uint64_t payload_size() const { return details + (flags & text_is_shared ? 0 : text); }
  bool operator==(const FrameHeader&) const = default;
};

/// Returns the header as bytes, with a checksum of the header itself.
std::array<char, frame_header_size> encode(const FrameHeader& header);

/// Returns the type of a frame from its first frame_mark_size bytes. Throws std::invalid_argument.
FrameType decode_mark(std::span<const char> bytes);

/// Returns the header from exactly frame_header_size bytes. Throws std::invalid_argument with what
/// is wrong ("not a stream of batches or results", "a damaged frame header", "format version 7,
/// ...").
FrameHeader decode_header(std::span<const char> bytes);

FrameHeader header_of(const Batch& batch);

uint64_t payload_checksum(std::string_view details, std::string_view text);

}  // namespace rowsum
