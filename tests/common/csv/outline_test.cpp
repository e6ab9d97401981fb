// SPDX-License-Identifier: MIT
#include "common/csv/outline.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/report.h"
#include "common/simd/level.h"
#include "tests/support/plain_passage.h"
#include "tests/support/texts.h"

namespace rowsum {

doctest::String toString(const Passage& p) {
  return ("{exit " + std::to_string(static_cast<int>(p.exit)) + ", rows " + std::to_string(p.rows) +
          ", row end " + std::to_string(p.row_end) + ", content end " +
          std::to_string(static_cast<int64_t>(p.content_end)) + "}")
      .c_str();
}

namespace {

void check_passages(const Outline& outline, std::string_view bytes, Dialect dialect) {
  REQUIRE(outline.size() == bytes.size());
  for (const ReadingState state : all_reading_states) {
    const Passage expected = plain_passage(bytes, state, dialect);
    REQUIRE(outline.from(state) == expected);
    REQUIRE(read_through(bytes, state, dialect) == expected);
  }
}

constexpr std::string_view alphabets[] = {
    "1,\"\n",       "1,\"\r\n",      "\"\"\",\n", "1,\n", "1,\r\n", "\"\n",
    "1111111,\"\n", "11111111111\n", "\"1\"\"\n", "\r\n", "\""};

}  // namespace

TEST_CASE("outline: every short text, cut at every place and at every pair of places") {
  constexpr Dialect dialect;
  for_every_text("1,\"\r\n", 6, [&](const std::string& text) {
    const std::string_view bytes = text;
    const Outline whole = Outline::of(bytes, dialect);
    check_passages(whole, bytes, dialect);
    for (size_t i = 0; i <= bytes.size(); ++i) {
      const Outline first = Outline::of(bytes.substr(0, i), dialect);
      REQUIRE(first.then(Outline::of(bytes.substr(i), dialect)) == whole);
      for (size_t j = i; j <= bytes.size(); ++j) {
        const Outline second = Outline::of(bytes.substr(i, j - i), dialect);
        const Outline third = Outline::of(bytes.substr(j), dialect);
        REQUIRE(first.then(second).then(third) == whole);
        REQUIRE(first.then(second.then(third)) == whole);
      }
    }
  });
}

TEST_CASE("outline: long texts, cut anywhere, on every SIMD level") {
  std::mt19937 random(1);
  const SimdLevel best = simd_level();
  for (const std::string_view alphabet : alphabets) {
    for (int i = 0; i < 200; ++i) {
      const std::string text = random_text(random, alphabet, random() % 3000);
      const std::string_view bytes = text;
      const Dialect dialect{random() % 8 == 0 ? '1' : ','};
      CAPTURE(printable(text, 300));
      for (const SimdLevel level : {SimdLevel::scalar, SimdLevel::sse4, SimdLevel::avx2,
                                    SimdLevel::avx512, SimdLevel::neon}) {
        if (!has_simd_level(level)) continue;
        set_simd_level(level);
        const Outline whole = Outline::of(bytes, dialect);
        check_passages(whole, bytes, dialect);
        Outline folded;
        for (size_t at = 0; at < bytes.size();) {
          const size_t size = 1 + random() % (random() % 2 ? 700 : 3);
          folded = folded.then(Outline::of(bytes.substr(at, size), dialect));
          at += size;
        }
        REQUIRE(folded == whole);
      }
      set_simd_level(best);
    }
  }
}

TEST_CASE("outline: nothing is the neutral element") {
  const Outline outline = Outline::of("1,\"2\n3\"\n4", {});
  CHECK(Outline().then(outline) == outline);
  CHECK(outline.then(Outline()) == outline);
  CHECK(Outline::of("", {}) == Outline());
}

}  // namespace rowsum
