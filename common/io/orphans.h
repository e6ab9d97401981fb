// Processes whose parents have ended, further down the tree of processes that this one has begun.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace rowsum {

/// From now on such processes become children of this one (PR_SET_CHILD_SUBREAPER, prctl(2)).
void adopt_orphans();

/// Sends SIGKILL to the children of this process in whose environment a variable begins with
/// `variable` ("NAME=VALUE" or "NAME="; "" is in all of them), and waits for those that have ended;
/// those for which `is_spared` holds are left alone. Returns whether it is to be called again: one
/// that ends may leave children of its own. The calling process must have one thread.
bool kill_orphans(const std::string& variable, const std::function<bool(pid_t)>& is_spared);

}  // namespace rowsum
