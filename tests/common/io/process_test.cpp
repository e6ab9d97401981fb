// SPDX-License-Identifier: MIT
#include "common/io/process.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "tests/support/child.h"
#include "tests/support/pipes.h"

using namespace rowsum;

namespace {

/// Starts a shell that writes to both of its outputs, waits for it, and returns its exit status. To
/// be called in a process with one thread.
int run_shell(int out, int err) {
  const pid_t shell = start_process({.words = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"},
                                     .environment = own_environment(),
                                     .in = STDIN_FILENO,
                                     .out = out,
                                     .err = err,
                                     .signal_at_death = SIGKILL});
  return wait_for(shell).code;
}

}  // namespace

TEST_CASE("process: its standard output and standard error are the given files") {
  Pipe out, err;
  CHECK(run_in_child([&] { return run_shell(out.in.get(), err.in.get()); }).status == 3);
  out.in.close();
  err.in.close();
  CHECK(read_to_end(out.out.get()) == "out\n");
  CHECK(read_to_end(err.out.get()) == "err\n");
}

TEST_CASE("process: its end can be waited for in poll(2)") {
  const Outcome outcome = run_in_child([] {
    Pipe input;
    const pid_t cat = start_process({.words = {"cat"},
                                     .environment = own_environment(),
                                     .in = input.out.get(),
                                     .out = STDOUT_FILENO,
                                     .signal_at_death = SIGKILL});
    const OwnedFd exit = watch(cat);
    pollfd wanted{exit.get(), POLLIN, 0};
    if (::poll(&wanted, 1, 0) != 0 || !is_awaited(cat)) return 1;
    input.in.close();
    if (::poll(&wanted, 1, 20'000) != 1 || !is_awaited(cat)) return 2;
    if (wait_for(cat).code != 0 || is_awaited(cat)) return 3;
    return 0;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("process: without a file for it, its standard error is that of the caller") {
  const Outcome outcome = run_in_child([] { return run_shell(STDOUT_FILENO, -1); });
  CHECK(outcome.status == 3);
  CHECK(outcome.output == "out\n");
  CHECK(outcome.errors == "err\n");
}

TEST_CASE("process: signals that the programs of this suite block are not blocked in it") {
  const Outcome outcome = run_in_child([] {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    const pid_t grep = start_process({.words = {"grep", "SigBlk", "/proc/self/status"},
                                      .environment = own_environment(),
                                      .in = STDIN_FILENO,
                                      .out = STDOUT_FILENO,
                                      .signal_at_death = SIGKILL});
    return wait_for(grep).code;
  });
  CHECK(outcome.status == 0);
  const uint64_t blocked =
      std::stoull(outcome.output.substr(outcome.output.find(':') + 1), nullptr, 16);
  const auto is_blocked = [&](int signal) { return (blocked >> (signal - 1) & 1) != 0; };
  for (const int own : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGPIPE, SIGXFSZ}) {
    CHECK_FALSE(is_blocked(own));
  }
  CHECK(is_blocked(SIGUSR1));  // whatever else the caller of this suite has blocked
}
