// SPDX-License-Identifier: MIT
#include "common/wire/count_lines.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace rowsum;

TEST_CASE("count_lines: texts of every length, and from every offset") {
  std::string text;
  for (size_t i = 0; i < 300; ++i)
    text += i * i % 7 < 3 ? "\n" : "\x8a";  // differs from LF in one bit
  for (size_t begin = 0; begin < 40; ++begin) {
    for (size_t size = 0; size <= text.size() - begin; ++size) {
      const std::string_view part = std::string_view(text).substr(begin, size);
      const auto expected = static_cast<uint64_t>(std::count(part.begin(), part.end(), '\n'));
      REQUIRE(count_lines(part) == expected);
    }
  }
}

TEST_CASE("count_lines: more than a byte can count") {
  for (const size_t size : {255 * 32 - 1, 255 * 32, 256 * 32, 257 * 32 + 1, 1 << 20}) {
    CHECK(count_lines(std::string(size, '\n')) == size);
    CHECK(count_lines(std::string(size, '\0')) == 0);
  }
}
