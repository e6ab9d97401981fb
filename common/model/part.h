// SPDX-License-Identifier: MIT
// One of several parts of a file, when these are worked on one by one, perhaps on several machines.
#pragma once

#include <cstdint>
#include <string>

namespace rowsum {

struct Part {
  uint64_t number = 0;  // from 1; 0: the input is not divided
  uint64_t of = 0;      // how many parts there are

  bool is_given() const { return number > 0; }
  bool operator==(const Part&) const = default;
};

/// "part 3 of 64".
inline std::string describe(const Part& part) {
  return "part " + std::to_string(part.number) + " of " + std::to_string(part.of);
}

}  // namespace rowsum
