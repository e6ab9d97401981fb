// SPDX-License-Identifier: MIT
// Signals that break into system calls, for tests of EINTR.
#pragma once

#include <signal.h>
#include <sys/time.h>

namespace rowsum {

/// While this object exists, the process gets a SIGALRM every millisecond. The handler is installed
/// without SA_RESTART, so system calls that block fail with EINTR. A child does not inherit the
/// timer.
class Interruptions {
 public:
  Interruptions() {
    count_ = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { count_ = count_ + 1; };
    ::sigaction(SIGALRM, &action, &before_);
    const itimerval every_millisecond{{0, 1000}, {0, 1000}};
    ::setitimer(ITIMER_REAL, &every_millisecond, nullptr);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;
  ~Interruptions() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &before_, nullptr);
  }

  int count() const { return count_; }

 private:
  static inline volatile sig_atomic_t count_ = 0;
  struct sigaction before_;
};

/// While this object exists, a write to a pipe without a reader is an error, as in the programs of
/// the suite.
class IgnoredSigpipe {
 public:
  IgnoredSigpipe() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  IgnoredSigpipe(const IgnoredSigpipe&) = delete;
  IgnoredSigpipe& operator=(const IgnoredSigpipe&) = delete;
  ~IgnoredSigpipe() { ::signal(SIGPIPE, before_); }

 private:
  sighandler_t before_;
};

}  // namespace rowsum
