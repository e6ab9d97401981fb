// SPDX-License-Identifier: MIT
// Makes frames of bytes. Knows headers and lengths, but neither files nor what a frame means.
//
//   while (!parser.has_frame()) parser.filled(read(fd, parser.space()));
//   ... parser.header(), parser.details(), parser.text() ...
//   parser.drop_frame();
//
// Throws std::invalid_argument for bytes that are no frame. Allocates in steps, as bytes arrive, so
// that a wrong length cannot cause an allocation that is much larger than what was sent.
#pragma once

#include <span>
#include <string_view>

#include "common/base/buffer.h"
#include "common/wire/frame.h"

namespace rowsum {

class FrameParser {
 public:
  FrameParser();

  /// Where the next bytes are to be written. It is never empty while there is no frame. It is never
  /// larger than what belongs to the current frame, so that no byte has to be moved.
  std::span<char> space();
  void filled(size_t bytes);

  /// Whether the header has come. Its payload may still be missing.
  bool has_header() const { return has_header_; }
  bool has_frame() const { return has_header_ && held_ == header_.payload_size(); }
  const FrameHeader& header() const { return header_; }
  std::span<const char> details() const { return {payload_.data(), header_.details}; }
  std::string_view text() const {
    return {payload_.data() + header_.details, header_.payload_size() - header_.details};
  }
  void drop_frame();

  /// Whether the bytes so far are whole frames, so that no frame is cut off if they end here.
  bool is_between_frames() const { return !has_header_ && held_ == 0; }

 private:
  std::array<char, frame_header_size> header_bytes_;
  FrameHeader header_;
  Buffer payload_;
  bool has_header_ = false;
  size_t held_ = 0;  // bytes of the header, then of the payload
};

}  // namespace rowsum
