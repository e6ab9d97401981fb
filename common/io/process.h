// SPDX-License-Identifier: MIT
// Starts a child process, and tells how it has ended.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/io/owned_fd.h"

namespace rowsum {

/// What a new process begins with.
struct NewProcess {
  std::vector<std::string> words;        // the program, as for execvp(3), and its arguments
  std::vector<std::string> environment;  // "NAME=VALUE" each
  int in;                                // becomes its standard input
  int out;                               // becomes its standard output
  int err = -1;                          // becomes its standard error; -1: that of the caller
  std::vector<int> kept = {};            // are open in it under the same numbers
  int signal_at_death;                   // is sent to it when the calling process dies
  bool leads_session = false;            // leads a session, and a process group, of its own
};

/// The environment of this process (environ(7)).
std::vector<std::string> own_environment();

/// Starts a child process, in which the signals that this suite handles or ignores have their
/// default effect. The calling process must have one thread. Throws Failure(system) if the process
/// cannot be created, or if the program cannot be executed.
pid_t start_process(NewProcess process);

/// How a process ended.
struct Fate {
  bool was_killed = false;
  int code = 0;  // the signal, if it was killed by one, otherwise the exit status

  /// "was killed by signal 9 (KILL)" or "ended with status 3".
  std::string describe() const;
};

/// A descriptor that is readable once the child process has ended. If there can be none, it is not
/// open, and errno says why.
OwnedFd watch(pid_t child);

/// Waits until a child process has ended. Its number is free then.
Fate wait_for(pid_t child);

/// Whether start_process() has started this child, and wait_for() has not been called for it.
bool is_awaited(pid_t child);

}  // namespace rowsum
