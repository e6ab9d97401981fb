// SPDX-License-Identifier: MIT
#include "common/wire/scanned_chunk.h"

#include <doctest/doctest.h>
#include <limits.h>

#include <stdexcept>

#include "common/wire/little_endian.h"

using namespace rowsum;

namespace {

const std::vector<ScannedChunk> examples = {
    {3, 0x1122334455667788, Outline::of("1,2\n\"3\r\n", Dialect()), 0x8877665544332211},
    {0, 0, Outline::of("1", Dialect()), 0},  // no row ends, from most states
    {UINT32_MAX, UINT64_MAX, Outline(), UINT64_MAX},
    {1, 8, Outline::of("\n\n\n", Dialect()), 1},
    {2, 11, Outline::of("\r", Dialect()), 0},
};

std::string bytes_of(const std::vector<ScannedChunk>& chunks) {
  std::string bytes;
  for (const ScannedChunk& chunk : chunks) bytes += encode(chunk);
  return bytes;
}

/// The bytes of an outline of 8 bytes, with another number at an offset.
std::string changed(size_t offset, uint64_t value) {
  std::string bytes = encode({0, 0, Outline::of("1,2\n3,4\n", Dialect()), 0});
  char* at = bytes.data() + offset;
  put<uint64_t>(at, value);
  return bytes;
}

bool is_refused(const std::string& bytes) {
  try {
    ScannedChunkParser().feed(bytes);
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("scanned chunk: outlines come out as they went in, in whatever pieces") {
  const std::string bytes = bytes_of(examples);
  CHECK(bytes.size() == examples.size() * scanned_chunk_size);
  for (size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    ScannedChunkParser parser;
    std::vector<ScannedChunk> chunks;
    for (size_t at = 0; at < bytes.size(); at += step) {
      for (const auto& chunk : parser.feed(std::string_view(bytes).substr(at, step))) {
        chunks.push_back(chunk);
      }
    }
    CHECK(chunks == examples);
  }
}

TEST_CASE("scanned chunk: a passage without row ends") {
  const ScannedChunk chunk{0, 0, Outline::of("1", Dialect()), 0};
  const auto parsed = ScannedChunkParser().feed(encode(chunk));
  REQUIRE(parsed.size() == 1);
  CHECK(parsed[0].outline.from(ReadingState::row_start) == Passage{.exit = ReadingState::plain});
}

TEST_CASE("scanned chunk: the end of the bytes brings no outline") {
  ScannedChunkParser parser;
  CHECK(parser.feed({}).empty());
  CHECK(parser.feed(std::string(scanned_chunk_size - 1, '\0')).empty());
  CHECK(parser.feed({}).empty());
}

TEST_CASE("scanned chunk: what is no outline") {
  constexpr uint64_t size = 8;
  for (size_t state = 0; state < reading_states; ++state) {
    CAPTURE(state);
    const size_t exit = 24 + 32 * state, rows = exit + 8, row_end = exit + 16,
                 content_end = exit + 24;
    CHECK_FALSE(is_refused(changed(exit, reading_states - 1)));
    CHECK(is_refused(changed(exit, reading_states)));
    CHECK(is_refused(changed(exit, uint64_t{1} << 32)));
    CHECK_FALSE(is_refused(changed(rows, size)));
    CHECK(is_refused(changed(rows, size + 1)));
    CHECK_FALSE(is_refused(changed(row_end, size)));
    CHECK(is_refused(changed(row_end, size + 1)));
    CHECK_FALSE(is_refused(changed(content_end, size - 1)));
    CHECK_FALSE(is_refused(changed(content_end, Passage::none)));
    CHECK(is_refused(changed(content_end, size)));
    CHECK(is_refused(changed(content_end, Passage::none - 1)));
  }
  // The outline of fewer bytes cannot have what that of 8 bytes has.
  CHECK_FALSE(is_refused(changed(16, size)));
  CHECK(is_refused(changed(16, size - 1)));
}

TEST_CASE("scanned chunk: an outline that is refused does not depend on the pieces") {
  ScannedChunkParser parser;
  const std::string bytes = encode(examples[0]) + changed(24, reading_states);
  for (size_t at = 0; at + 1 < bytes.size(); ++at) parser.feed({&bytes[at], 1});
  CHECK_THROWS_WITH_AS(parser.feed({&bytes.back(), 1}), "an outline of unknown states",
                       std::invalid_argument);
}

TEST_CASE("scanned chunk: a write of one is never torn") {
  CHECK(encode(examples[0]).size() == scanned_chunk_size);
  CHECK(scanned_chunk_size <= PIPE_BUF);
}
