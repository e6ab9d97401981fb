// SPDX-License-Identifier: MIT
#include "common/base/resources.h"

#include <sys/resource.h>

namespace rowsum {

namespace {

uint64_t microseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_usec);
}

/// `processes`: RUSAGE_SELF or RUSAGE_CHILDREN.
Resources resources_of(int processes) {
  rusage usage = {};
  ::getrusage(processes, &usage);
  return {microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
          static_cast<uint64_t>(usage.ru_maxrss) * 1024};
}

}  // namespace

Resources resources_of_this_process() {
  return resources_of(RUSAGE_SELF);
}

Resources resources_of_children() {
  return resources_of(RUSAGE_CHILDREN);
}

}  // namespace rowsum
