// SPDX-License-Identifier: MIT
// What the fuzzers share: how one fails, and how it takes an input apart.
//
// A fuzzer is a file with one LLVMFuzzerTestOneInput(). It only reports that something does not
// hold. Then libFuzzer keeps the input, and replay.cpp prints its name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

#include "common/base/report.h"
#include "common/simd/level.h"

namespace rowsum {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "does not hold: %s\n", what.c_str());
  std::abort();
}

/// Reports that `what` should hold and does not.
inline void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

/// For values that a failure should show. Both types have a describe().
template <typename Value>
void require_same(const Value& is, const Value& expected, const char* what) {
  if (is == expected) return;
  fail(std::string(what) + "\n  is:       " + describe(is) + "\n  expected: " + describe(expected));
}

/// An input: first the choices, and then the data that they are about.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  /// The next choice; 0 if there are no more.
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const char byte = bytes_.front();
    bytes_.remove_prefix(1);
    return static_cast<uint8_t>(byte);
  }
  size_t below(size_t limit) { return byte() % limit; }
  uint64_t number() {
    uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | byte();
    return number;
  }
  std::string_view bytes(size_t count) {
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  bool are_over() const { return bytes_.empty(); }
  std::string_view rest() { return bytes(bytes_.size()); }

 private:
  std::string_view bytes_;
};

/// The rest of an input as text. With `is_expanded` a short input gives a long text, to reach what
/// happens only once in 16 KiB: a byte of f0 to ff stands for the byte before it, 2^0 to 2^15 times
/// more, up to 20 KiB in all. Most inputs should not use it, because it takes time.
inline std::string text_of(Choices& choices, bool is_expanded) {
  constexpr size_t longest = size_t{20} << 10;
  const std::string_view input = choices.rest();
  if (!is_expanded) return std::string(input);
  std::string text;
  for (const char c : input) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0xf0 || text.empty()) {
      text += c;
    } else {
      text.append(std::min(size_t{1} << (byte & 15), longest - text.size()), char{text.back()});
    }
    if (text.size() == longest) break;
  }
  return text;
}

/// The lengths of the pieces in which a text arrives: all the same, or random.
class Pieces {
 public:
  /// `most` bytes each or, with a seed other than 0, 1 to `most`.
  explicit Pieces(size_t most, unsigned seed = 0) : most_(most), seed_(seed), random_(seed) {}

  size_t next() { return seed_ == 0 ? most_ : 1 + random_() % most_; }

 private:
  size_t most_;
  unsigned seed_;
  std::minstd_rand random_;
};

/// Runs `check` on every level of vector instructions that the processor supports, from scalar up
/// to the level in use, which ROWSUM_SIMD can lower.
template <typename Check>
void on_every_level(Check check) {
  static const SimdLevel best = simd_level();
  for (const SimdLevel level :
       {SimdLevel::scalar, SimdLevel::sse4, SimdLevel::avx2, SimdLevel::avx512, SimdLevel::neon}) {
    if (level > best || !has_simd_level(level)) continue;
    set_simd_level(level);
    check();
  }
  set_simd_level(best);
}

}  // namespace rowsum

/// libFuzzer and replay.cpp call this.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
