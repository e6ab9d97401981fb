// SPDX-License-Identifier: MIT
// Pipes, and how many descriptors there may be.
#pragma once

#include <cstdint>
#include <utility>

#include "common/io/owned_fd.h"

namespace rowsum {

/// The reading end and the writing end of a new pipe. Both are closed by execve(2). Throws
/// Failure(system).
std::pair<OwnedFd, OwnedFd> make_pipe();

/// Raises the soft limit of descriptors to the hard one, and returns that; a large number if the
/// system does not say.
uint64_t raise_descriptor_limit();

}  // namespace rowsum
