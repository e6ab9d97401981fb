// SPDX-License-Identifier: MIT
// A child process for tests: what it writes, and how it ends.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/pipes.h"

namespace rowsum {

/// A forked process that runs `body` and exits with its result. If it has not been waited for, it
/// is killed when this object is destroyed, so that a test that failed does not hang. It also dies
/// with its parent.
class Child {
 public:
  template <typename Body>
  explicit Child(Body body) {
    std::fflush(nullptr);  // otherwise both processes would write what is in the buffers
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(99);  // the parent has ended already
    // Removes the handlers of doctest, which would report a test that crashed.
    for (const int signal : {SIGINT, SIGTERM, SIGABRT}) ::signal(signal, SIG_DFL);
    int status = 99;  // the status if the body throws
    try {
      status = body();
    } catch (...) {
    }
    ::_exit(status);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

  /// No signal is sent once it has been waited for.
  void kill(int signal) {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  /// Returns the exit status or, as in a shell, 128 + the signal.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
};

struct Outcome {
  int status = 0;
  std::string output;
  std::string errors;
};

/// Runs `body` in a child and collects what it writes.
template <typename Body>
Outcome run_in_child(Body body) {
  Pipe output, errors;
  Child child([&] {
    ::dup2(output.in.get(), STDOUT_FILENO);
    ::dup2(errors.in.get(), STDERR_FILENO);
    output.out.close();
    errors.out.close();
    output.in.close();
    errors.in.close();
    return body();
  });
  output.in.close();
  errors.in.close();
  // Both are read at the same time, because the child may fill either of them first.
  std::future<std::string> said =
      std::async(std::launch::async, [&] { return read_to_end(errors.out.get()); });
  Outcome outcome;
  outcome.output = read_to_end(output.out.get());
  outcome.errors = said.get();
  outcome.status = child.wait();
  return outcome;
}

inline void sleep_ms(long ms) {
  timespec left{ms / 1000, ms % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace rowsum
