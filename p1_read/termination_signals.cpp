// SPDX-License-Identifier: MIT
#include "p1_read/termination_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/failure.h"

namespace rowsum {

TerminationSignals::TerminationSignals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    struct sigaction action;
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      ::sigaddset(&set, signal);
    }
  }
  file_ = OwnedFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!file_.is_open()) throw Failure::from_errno(ExitStatus::system, "signalfd");
  ::sigprocmask(SIG_BLOCK, &set, &blocked_before_);
}

TerminationSignals::~TerminationSignals() {
  ::sigprocmask(SIG_SETMASK, &blocked_before_, nullptr);
}

void TerminationSignals::die() {
  signalfd_siginfo info = {};
  if (::read(fd(), &info, sizeof info) != sizeof info) info.ssi_signo = SIGTERM;
  const int signal = static_cast<int>(info.ssi_signo);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::sigprocmask(SIG_SETMASK, &blocked_before_, nullptr);
  ::_exit(128 + signal);  // reached only if the signal was blocked before
}

}  // namespace rowsum
