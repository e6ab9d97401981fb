// SPDX-License-Identifier: MIT
#include "common/io/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/failure.h"

namespace rowsum {

std::pair<OwnedFd, OwnedFd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw Failure::from_errno(ExitStatus::system, "cannot make a pipe");
  }
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

uint64_t raise_descriptor_limit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT64_MAX;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

}  // namespace rowsum
