// SPDX-License-Identifier: MIT
#include "common/wire/frame_parser.h"

#include <stdexcept>

namespace rowsum {

namespace {
constexpr size_t growth = size_t{4} << 20;
}

FrameParser::FrameParser() {
  payload_.reserve(frame_header_size);
}

std::span<char> FrameParser::space() {
  if (!has_header_) return std::span(header_bytes_).subspan(held_);
  const size_t missing = header_.payload_size() - held_;
  // The buffer grows only when it is full. As it grows by half of its size, growing earlier would
  // take it further ahead of the bytes.
  if (held_ == 0 || held_ == payload_.capacity()) {
    payload_.reserve(held_ + std::min(missing, growth), held_);
  }
  return {payload_.data() + held_, std::min(missing, payload_.capacity() - held_)};
}

void FrameParser::filled(size_t bytes) {
  held_ += bytes;
  // Bytes that are no frame are refused as soon as the mark shows it, even if they are shorter than
  // a header.
  if (!has_header_ && held_ >= frame_mark_size) decode_mark(header_bytes_);
  if (!has_header_ && held_ == frame_header_size) {
    header_ = decode_header(header_bytes_);
    has_header_ = true;
    held_ = 0;
  }
  // The checksum of shared text is checked where the text is read.
  if (has_frame() && header_.flags & has_checksum && !(header_.flags & text_is_shared) &&
      payload_checksum("", {payload_.data(), held_}) != header_.checksum) {
    throw std::invalid_argument("a damaged frame (" + describe(header_.range) + ")");
  }
}

void FrameParser::drop_frame() {
  has_header_ = false;
  held_ = 0;
}

}  // namespace rowsum
