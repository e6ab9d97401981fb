// SPDX-License-Identifier: MIT
// What processes have taken of the machine.
#pragma once

#include <cstdint>

namespace rowsum {

struct Resources {
  uint64_t cpu_microseconds = 0;  // user and system time
  uint64_t peak_memory = 0;       // bytes; of several processes that of the largest one

  bool operator==(const Resources&) const = default;
};

Resources resources_of_this_process();
/// Of the children that have been waited for, and those for which they have waited.
Resources resources_of_children();

}  // namespace rowsum
