// SPDX-License-Identifier: MIT
#include "p1_read/chunks.h"

#include <doctest/doctest.h>

#include <vector>

namespace rowsum {

namespace {

/// An outline that differs from those of other sizes.
Outline outline_of(uint64_t size) {
  return {size, {}};
}

/// Deals what is left, all to one place.
std::vector<Range> deal_all(Chunks& chunks, size_t place = 0) {
  std::vector<Range> ranges;
  while (chunks.has_next()) ranges.push_back(chunks.deal(place));
  return ranges;
}

}  // namespace

TEST_CASE("chunks: all have the same size, and the last one may be shorter") {
  Chunks chunks;
  CHECK_FALSE(chunks.has_next());
  chunks.begin({3, 14}, 4);
  CHECK(deal_all(chunks) == std::vector<Range>{{3, 7}, {7, 11}, {11, 14}});
  Chunks even;
  even.begin({3, 11}, 4);
  CHECK(deal_all(even) == std::vector<Range>{{3, 7}, {7, 11}});
  Chunks large;
  large.begin({3, 14}, UINT64_MAX);
  CHECK(deal_all(large) == std::vector<Range>{{3, 14}});
  Chunks far;
  far.begin({UINT64_MAX - 5, UINT64_MAX}, 4);
  CHECK(deal_all(far) == std::vector<Range>{{UINT64_MAX - 5, UINT64_MAX - 1},  //
                                            {UINT64_MAX - 1, UINT64_MAX}});
}

TEST_CASE("chunks: outlines are known in any order and taken in the order of the input") {
  Chunks chunks;
  chunks.begin({0, 10}, 4);
  CHECK(chunks.deal(2) == Range{0, 4});
  CHECK(chunks.deal(0) == Range{4, 8});
  CHECK_FALSE(chunks.take());
  chunks.scanned({0, 4, outline_of(4), 0});
  CHECK_FALSE(chunks.take());
  CHECK(chunks.deal(1) == Range{8, 10});
  chunks.scanned({0, 8, outline_of(2), 7});
  chunks.scanned({0, 0, outline_of(3), 0});
  const std::vector<Chunks::Chunk> expected = {
      {{0, 4}, 2, outline_of(3)}, {{4, 8}, 0, outline_of(4)}, {{8, 10}, 1, outline_of(2), 7}};
  for (const Chunks::Chunk& chunk : expected) {
    const auto taken = chunks.take();
    REQUIRE(taken);
    CHECK(taken->range == chunk.range);
    CHECK(taken->place == chunk.place);
    CHECK(taken->outline == chunk.outline);
    CHECK(taken->checksum == chunk.checksum);
  }
  CHECK_FALSE(chunks.take());
}

TEST_CASE("chunks: the first outline of a chunk counts, and one of no chunk does not") {
  Chunks chunks;
  chunks.begin({0, 8}, 4);
  chunks.deal(0);
  chunks.scanned({0, 4, outline_of(4), 0});  // it has not been dealt
  chunks.scanned({0, 1, outline_of(4), 0});
  CHECK_FALSE(chunks.take());
  chunks.scanned({0, 0, outline_of(4), 0});
  chunks.scanned({0, 0, outline_of(0), 0});
  chunks.deal(0);
  CHECK(chunks.take()->outline == outline_of(4));
  chunks.scanned({0, 0, outline_of(4), 0});  // it has been taken
  CHECK_FALSE(chunks.take());
}

TEST_CASE("chunks: it is over when all have been taken") {
  Chunks chunks;
  CHECK(chunks.is_over());
  chunks.begin({0, 8}, 4);
  CHECK_FALSE(chunks.is_over());
  chunks.deal(0);
  chunks.scanned({0, 0, outline_of(4), 0});
  chunks.take();
  CHECK_FALSE(chunks.is_over());  // the second one has not been dealt
  chunks.deal(0);
  CHECK_FALSE(chunks.is_over());
  chunks.scanned({0, 4, outline_of(4), 0});
  CHECK_FALSE(chunks.is_over());
  chunks.take();
  CHECK(chunks.is_over());
}

}  // namespace rowsum
