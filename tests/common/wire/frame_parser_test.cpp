// SPDX-License-Identifier: MIT
#include "common/wire/frame_parser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "tests/support/pipes.h"
#include "tests/support/streams.h"

using namespace rowsum;

namespace {

/// Feeds at most `step` bytes at a time until there is a frame or no byte is left, and returns how
/// many bytes that took.
size_t feed(FrameParser& parser, std::string_view bytes, size_t step = SIZE_MAX) {
  size_t taken = 0;
  while (!parser.has_frame() && taken < bytes.size()) {
    const std::span<char> space = parser.space();
    REQUIRE_FALSE(space.empty());
    const size_t n = std::min({space.size(), step, bytes.size() - taken});
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(taken), n, space.begin());
    parser.filled(n);
    taken += n;
  }
  return taken;
}

FrameHeader header_with(uint64_t details, uint64_t text) {
  FrameHeader header;
  header.type = FrameType::result;
  header.range = {10, 25};
  header.details = details;
  header.text = text;
  return header;
}

}  // namespace

TEST_CASE("frame parser: details, then text, in whatever pieces they come") {
  const std::string bytes = frame(header_with(3, 5), "abc12345") + frame(header_with(0, 0)) +
                            frame(header_with(2, 0), "xy");
  for (const size_t step : {size_t{1}, size_t{7}, size_t{80}, SIZE_MAX}) {
    CAPTURE(step);
    FrameParser parser;
    std::string_view rest = bytes;
    CHECK(parser.is_between_frames());

    rest.remove_prefix(feed(parser, rest, step));
    REQUIRE(parser.has_frame());
    CHECK(parser.header() == header_with(3, 5));
    CHECK(std::string(parser.details().begin(), parser.details().end()) == "abc");
    CHECK(parser.text() == "12345");
    CHECK_FALSE(parser.is_between_frames());
    parser.drop_frame();
    CHECK(parser.is_between_frames());

    rest.remove_prefix(feed(parser, rest, step));
    REQUIRE(parser.has_frame());
    CHECK(parser.details().empty());
    CHECK(parser.text().empty());
    parser.drop_frame();

    rest.remove_prefix(feed(parser, rest, step));
    REQUIRE(parser.has_frame());
    CHECK(std::string(parser.details().begin(), parser.details().end()) == "xy");
    CHECK(parser.text().empty());
    CHECK(rest.empty());
  }
}

TEST_CASE("frame parser: never asks for bytes of the next frame") {
  FrameParser parser;
  CHECK(parser.space().size() == frame_header_size);
  feed(parser, frame(header_with(3, 5)));
  CHECK(parser.space().size() == 8);
  feed(parser, "abc");
  CHECK(parser.space().size() == 5);
  feed(parser, "12345");
  CHECK(parser.has_frame());
}

TEST_CASE("frame parser: a payload of several steps keeps its bytes") {
  const std::string text = some_bytes(13 << 20);
  FrameParser parser;
  feed(parser, frame(header_with(0, text.size())));
  CHECK(parser.space().size() < text.size());
  feed(parser, text, 1 << 20);
  REQUIRE(parser.has_frame());
  CHECK(parser.text() == text);
}

TEST_CASE("frame parser: a cut frame is not between frames") {
  const std::string bytes = frame(header_with(3, 5), "abc12345");
  for (size_t size = 1; size < bytes.size(); ++size) {
    FrameParser parser;
    CHECK(feed(parser, std::string_view(bytes).substr(0, size)) == size);
    CHECK_FALSE(parser.has_frame());
    CHECK_FALSE(parser.is_between_frames());
  }
}

TEST_CASE("frame parser: shared text does not follow") {
  FrameHeader header = header_with(0, 1000);
  header.flags = text_is_shared;
  FrameParser parser;
  feed(parser, frame(header));
  REQUIRE(parser.has_frame());
  CHECK(parser.text().empty());
}

TEST_CASE("frame parser: a header that claims 2^39 bytes gets no memory for them") {
  FrameParser parser;
  feed(parser, frame(header_with(0, uint64_t{1} << 39)));
  CHECK_FALSE(parser.has_frame());
  constexpr size_t step = 4 << 20;
  CHECK(parser.space().size() == step);
  for (size_t held = 0, piece = 5; held < 10 * step; piece *= 2) {
    held += feed(parser, some_bytes(piece));
    CHECK(parser.space().size() <= std::max(step, held / 2));
  }
}

TEST_CASE("frame parser: a header is there before its payload") {
  const std::string bytes = frame(header_with(3, 5), "abc12345");
  FrameParser parser;
  feed(parser, std::string_view(bytes).substr(0, frame_header_size - 1));
  CHECK_FALSE(parser.has_header());
  feed(parser, std::string_view(bytes).substr(frame_header_size - 1, 1));
  CHECK(parser.has_header());
  CHECK_FALSE(parser.has_frame());
  CHECK(parser.header() == header_with(3, 5));
  parser.drop_frame();
  CHECK_FALSE(parser.has_header());
}

TEST_CASE("frame parser: a wrong checksum is none of its business without the flag") {
  FrameHeader header = header_with(0, 5);
  header.checksum = 1;
  FrameParser parser;
  feed(parser, frame(header, "12345"));
  CHECK(parser.has_frame());
}

TEST_CASE("frame parser: a wrong checksum with the flag, also of no payload") {
  FrameHeader header = header_with(0, 5);
  header.checksum = 1;
  header.flags = has_checksum;
  FrameParser parser;
  CHECK_THROWS_WITH_AS(feed(parser, frame(header, "12345")), "a damaged frame (bytes 10 to 25)",
                       std::invalid_argument);
  header.text = 0;
  FrameParser another;
  CHECK_THROWS_AS(feed(another, frame(header)), std::invalid_argument);
}
