// SPDX-License-Identifier: MIT
// The signals that ask a program to end, received in a poll loop.
#pragma once

#include <signal.h>

#include "common/io/owned_fd.h"

namespace rowsum {

/// While this object lives, SIGHUP, SIGINT, SIGQUIT and SIGTERM do not end the process. They make a
/// descriptor readable (signalfd(2)), so that the process can end its children first. A signal that
/// is ignored stays ignored.
class TerminationSignals {
 public:
  /// Throws Failure(system).
  TerminationSignals();
  ~TerminationSignals();
  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  /// Readable once one of them has come.
  int fd() const { return file_.get(); }

  /// Ends the process by the signal that has come.
  [[noreturn]] void die();

 private:
  OwnedFd file_;
  sigset_t blocked_before_;
};

}  // namespace rowsum
