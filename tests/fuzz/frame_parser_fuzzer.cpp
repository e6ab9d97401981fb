// SPDX-License-Identifier: MIT
// The frame parser: the frames do not depend on how their bytes arrive, and are those that are
// found in all bytes at once. An input is the bytes of a stream, such as `p1_read in.csv | cat`
// writes.
#include <xxhash.h>

#include <algorithm>
#include <stdexcept>

#include "common/wire/frame_parser.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

/// The frames up to a wrong one, and what is wrong with that.
struct Seen {
  std::string frames;  // header and payload of each
  size_t count = 0;
  std::string refusal;
  bool is_cut = false;  // the bytes end within a frame
  bool operator==(const Seen&) const = default;

  void add(const FrameHeader& header, std::string_view payload) {
    const auto bytes = encode(header);
    frames.append(bytes.data(), bytes.size()).append(payload);
    ++count;
  }
};

std::string describe(const Seen& seen) {
  return std::to_string(seen.count) + " frames of " + std::to_string(seen.frames.size()) +
         " bytes" + (seen.refusal.empty() ? "" : ", refused: " + seen.refusal) +
         (seen.is_cut ? ", cut" : "");
}

Seen seen_in(std::string_view bytes, Pieces pieces) {
  Seen seen;
  FrameParser parser;
  uint64_t arrived = 0;
  try {
    while (!bytes.empty()) {
      const std::span<char> space = parser.space();
      require(!space.empty(), "there is space while there is no frame");
      require(space.size() <= std::max(size_t{4} << 20, arrived / 2),
              "space only for what may come");
      const size_t n = std::min({space.size(), bytes.size(), pieces.next()});
      std::copy_n(bytes.begin(), n, space.begin());
      bytes.remove_prefix(n);
      arrived += n;
      parser.filled(n);
      while (parser.has_frame()) {
        const std::span<const char> details = parser.details();
        seen.add(parser.header(),
                 std::string(details.data(), details.size()).append(parser.text()));
        parser.drop_frame();
      }
    }
    seen.is_cut = !parser.is_between_frames();
  } catch (const std::invalid_argument& error) {
    seen.refusal = error.what();
  }
  return seen;
}

/// A decoded header must encode to its own bytes, as far as these are looked at.
void check_header(const FrameHeader& header, std::string_view bytes) {
  const auto again = encode(header);
  const std::string_view is(again.data(), again.size());
  constexpr size_t reserved = 12, begin = 16, checksum = 72;
  require(is.substr(0, reserved) == bytes.substr(0, reserved) &&
              is.substr(begin, checksum - begin) == bytes.substr(begin, checksum - begin),
          "a header's fields are its bytes");
  require(header.details <= part_limit && header.text <= part_limit, "lengths have a limit");
}

Seen plainly_seen_in(std::string_view bytes) {
  Seen seen;
  try {
    while (!bytes.empty()) {
      seen.is_cut = true;
      if (bytes.size() < frame_mark_size) return seen;
      decode_mark(bytes);
      if (bytes.size() < frame_header_size) return seen;
      const FrameHeader header = decode_header(bytes.substr(0, frame_header_size));
      check_header(header, bytes);
      bytes.remove_prefix(frame_header_size);
      if (bytes.size() < header.payload_size()) return seen;
      const std::string_view payload = bytes.substr(0, header.payload_size());
      const bool is_checked = header.flags & has_checksum && !(header.flags & text_is_shared);
      if (is_checked && XXH3_64bits(payload.data(), payload.size()) != header.checksum) {
        throw std::invalid_argument("a damaged frame (" + describe(header.range) + ")");
      }
      seen.add(header, payload);
      bytes.remove_prefix(payload.size());
      seen.is_cut = false;
    }
  } catch (const std::invalid_argument& error) {
    seen.refusal = error.what();
    seen.is_cut = false;
  }
  return seen;
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  const std::string_view bytes = Choices(data, size).rest();
  const Seen expected = plainly_seen_in(bytes);
  require_same(seen_in(bytes, Pieces(SIZE_MAX)), expected, "whole");
  require_same(seen_in(bytes, Pieces(1)), expected, "byte by byte");
  require_same(seen_in(bytes, Pieces(100, 1)), expected, "in pieces");
  return 0;
}
