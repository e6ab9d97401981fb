// SPDX-License-Identifier: MIT
// Orphans: descendants of this process whose parents have ended.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace rowsum {

/// From now on orphans become children of this process (PR_SET_CHILD_SUBREAPER, prctl(2)).
void adopt_orphans();

/// From now on SIGHUP, SIGINT, SIGQUIT and SIGTERM first end all children of this process by
/// SIGKILL, and theirs if adopt_orphans() has been called, before they end this process. A signal
/// that is ignored stays ignored. The calling process must have one thread.
void end_children_at_signals();

/// The children of this process.
std::vector<pid_t> own_children();

/// Sends SIGKILL to the children of this process that have a variable in their environment which
/// begins with `variable` ("NAME=VALUE" or "NAME="; "" means all children), and waits for those
/// that have ended. Leaves children alone for which `is_spared` is true. Returns whether it has to
/// be called again, because a child that ends may leave children of its own. The calling process
/// must have one thread.
bool kill_orphans(const std::string& variable, const std::function<bool(pid_t)>& is_spared);

}  // namespace rowsum
