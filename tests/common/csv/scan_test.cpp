// SPDX-License-Identifier: MIT
#include "common/csv/scan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "common/csv/row_automaton.h"
#include "common/simd/level.h"

using namespace rowsum;

namespace {

constexpr SimdLevel levels[] = {SimdLevel::scalar, SimdLevel::sse4, SimdLevel::avx2,
                                SimdLevel::avx512, SimdLevel::neon};

/// Runs `check` on every level that the processor supports.
template <typename Check>
void on_every_level(Check check) {
  const SimdLevel best = simd_level();
  for (const SimdLevel level : levels) {
    if (!has_simd_level(level)) continue;
    CAPTURE(static_cast<int>(level));
    set_simd_level(level);
    check();
  }
  set_simd_level(best);
}

/// What `function` returns without vectors.
template <typename Function>
auto without_vectors(Function function) {
  const SimdLevel best = simd_level();
  set_simd_level(SimdLevel::scalar);
  const auto result = function();
  set_simd_level(best);
  return result;
}

std::string random_text(std::mt19937& random, std::string_view alphabet, size_t size) {
  std::string text;
  while (text.size() < size) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("scan: plain bytes of every length and alignment") {
  std::mt19937 random(1);
  for (const std::string_view alphabet : {"12,\n", "12345678,\n", "1\n", "12,\n\"", "1,\n\r"}) {
    for (size_t size = 0; size < 700; ++size) {
      const std::string text = random_text(random, alphabet, size + 3);
      const std::string_view bytes = std::string_view(text).substr(size % 3, size);
      const auto line_feeds = static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      const bool has_quotes = bytes.find('"') != bytes.npos;
      const bool has_carriage_returns = bytes.find('\r') != bytes.npos;
      on_every_level([&] {
        const PlainScan scan = scan_plain(bytes);
        if (scan.line_feeds != line_feeds || scan.has_quotes != has_quotes ||
            scan.has_carriage_returns != has_carriage_returns) {
          FAIL(text);
        }
      });
    }
  }
  // There are more row ends in a lane than eight bits can count.
  const std::string blank(100'000, '\n');
  on_every_level([&] { CHECK(scan_plain(blank).line_feeds == blank.size()); });
}

TEST_CASE("scan: one quote or CR is seen wherever it stands") {
  for (const char c : {'"', '\r'}) {
    for (size_t at = 0; at < 300; ++at) {
      std::string text(300, '1');
      text[at] = c;
      on_every_level([&] {
        CHECK(scan_plain(text).has_quotes == (c == '"'));
        CHECK(scan_plain(text).has_carriage_returns == (c == '\r'));
      });
    }
  }
}

TEST_CASE("scan: row ends of every kind, at every length") {
  std::mt19937 random(3);
  for (const std::string_view alphabet : {"1,\r\n", "11111111\r\n", "\r\n", "\r", "1,\n"}) {
    for (size_t size = 0; size < 700; ++size) {
      const std::string text = random_text(random, alphabet, size);
      const uint64_t expected = without_vectors([&] { return count_row_ends(text); });
      on_every_level([&] {
        if (count_row_ends(text) != expected) FAIL(text);
      });
    }
  }
  // More row ends in a lane than eight bits count.
  const std::string blank(100'000, '\r');
  on_every_level([&] { CHECK(count_row_ends(blank) == blank.size()); });
}

TEST_CASE("scan: quoted bytes, against the automaton") {
  std::mt19937 random(2);
  for (const std::string_view alphabet :
       {"1,\"\n", "1,\"\r\n", "\"\"\",\n", "11111111,,,\n\"", "\"\r\n"}) {
    for (int i = 0; i < 3000; ++i) {
      const std::string text = random_text(random, alphabet, 1 + random() % 300);
      const size_t size = text.size() - 1;
      const bool is_quoted = random() % 2;
      const bool is_field_start = !is_quoted && random() % 2;
      const QuotedScan expected = without_vectors(
          [&] { return scan_quoted(text.data(), size, is_quoted, is_field_start, ','); });
      on_every_level([&] {
        const QuotedScan scan = scan_quoted(text.data(), size, is_quoted, is_field_start, ',');
        const bool is_same = scan.consumed == expected.consumed &&
                             scan.is_quoted == expected.is_quoted && scan.rows == expected.rows &&
                             (scan.rows == 0 || (scan.row_end == expected.row_end &&
                                                 scan.content_end == expected.content_end));
        if (!is_same) FAIL(text);
      });
    }
  }
}
