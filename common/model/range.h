// SPDX-License-Identifier: MIT
// The identity of a batch: which bytes of the input it covers.
#pragma once

#include <cstdint>
#include <string>

namespace rowsum {

/// The bytes from `begin` to before `end`, counted from the start of the input. Several files count
/// as one, end to end.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// "bytes 10 to 25" (byte 25 is not part of the range).
inline std::string describe(const Range& range) {
  return "bytes " + std::to_string(range.begin) + " to " + std::to_string(range.end);
}

}  // namespace rowsum
