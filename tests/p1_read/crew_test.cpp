// SPDX-License-Identifier: MIT
#include "p1_read/crew.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/child.h"
#include "tests/support/pipes.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

constexpr int patience_ms = 20'000;

/// A crew of shells, each with a script, and what they write. It runs in a process of its own,
/// because a crew adopts processes and waits for all children.
class Shells {
 public:
  explicit Shells(const std::string& script, size_t places = 1)
      : crew(places), words{"/bin/sh", "-c", script} {}

  void start(size_t place = 0) { crew.start(place, words, input.out.get(), output.in.get(), {}); }

  /// The next byte that one of them writes.
  char byte() {
    char byte = 0;
    pollfd wanted{output.out.get(), POLLIN, 0};
    if (::poll(&wanted, 1, patience_ms) != 1) throw std::runtime_error("nothing is written");
    if (::read(output.out.get(), &byte, 1) != 1) throw std::runtime_error("read");
    return byte;
  }

  /// Waits for the process at the place to end, as a poll loop would.
  Fate fate(size_t place = 0) {
    pollfd wanted{crew.exit_fd(place), POLLIN, 0};
    if (::poll(&wanted, 1, patience_ms) != 1) throw std::runtime_error("it does not end");
    const auto fate = crew.reap(place);
    if (!fate) throw std::runtime_error("there is nobody to reap");
    return *fate;
  }

  /// Whether, now or soon, no process but this one can write to the output any more.
  bool is_output_closed() {
    output.in.close();
    pollfd wanted{output.out.get(), POLLIN, 0};
    for (int i = 0; i < patience_ms / 10; ++i) {
      if (::poll(&wanted, 1, 10) == 1 && (wanted.revents & POLLHUP)) return true;
      crew.sweep_again(0);
      crew.sweep();
    }
    return false;
  }

  Pipe input, output;
  Crew crew;
  std::vector<std::string> words;
};

/// Runs the checks in a child process, in which doctest cannot be used. Returns which of them
/// failed.
template <typename Body>
std::string failed_in(Body body) {
  std::string failed;
  const Outcome outcome = run_in_child([&] {
    try {
      body([](bool is_true, const char* what) {
        if (!is_true) std::fprintf(stderr, "%s; ", what);
      });
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s; ", error.what());
    }
    std::fflush(stderr);
    return 0;
  });
  return outcome.errors + (outcome.status == 0 ? "" : "status " + std::to_string(outcome.status));
}

#define EXPECT(condition) expect(condition, #condition)

}  // namespace

TEST_CASE("crew: it starts a process, with its input, output and number, and sees its status") {
  CHECK(failed_in([](auto expect) {
          Shells shells("read -r line; printf '%s%s' \"$line\" \"$ROWSUM_WORKER\"; exit 3", 4);
          EXPECT(!shells.crew.is_running(2));
          shells.start(2);
          EXPECT(shells.crew.is_running(2));
          EXPECT(!shells.crew.reap(2));
          EXPECT(::write(shells.input.in.get(), "x\n", 2) == 2);
          EXPECT(shells.byte() == 'x');
          EXPECT(shells.byte() == '2');
          EXPECT(shells.byte() == '.');
          EXPECT(shells.byte() == '0');
          const Fate fate = shells.fate(2);
          EXPECT(!fate.was_killed);
          EXPECT(fate.code == 3);
          EXPECT(fate.describe() == "ended with status 3");
          EXPECT(!shells.crew.is_running(2));
          EXPECT(shells.crew.exit_fd(2) < 0);
          shells.start(2);
          EXPECT(shells.crew.lives(2) == 2);
        }) == "");
}

TEST_CASE("crew: it tells which signal a process died of") {
  CHECK(failed_in([](auto expect) {
          Shells shells("kill -SEGV $$");
          shells.start();
          const Fate fate = shells.fate();
          EXPECT(fate.was_killed);
          EXPECT(fate.describe() == "was killed by signal 11 (SEGV)");
        }) == "");
}

TEST_CASE("crew: it kills a process that does not end by itself, also one that is stopped") {
  for (const char* const script :
       {"trap '' TERM INT HUP; printf x; while :; do sleep 1; done", "printf x; kill -STOP $$"}) {
    CAPTURE(script);
    CHECK(failed_in([&](auto expect) {
            Shells shells(script);
            shells.start();
            EXPECT(shells.byte() == 'x');
            shells.crew.kill(0);
            EXPECT(shells.fate().describe() == "was killed by signal 9 (KILL)");
          }) == "");
  }
}

TEST_CASE("crew: children of a process that ends do not outlive it, and let its output go") {
  CHECK(failed_in([](auto expect) {
          Shells shells("sleep 1000 & printf x; kill -KILL $$");
          shells.start();
          EXPECT(shells.byte() == 'x');
          EXPECT(shells.fate().was_killed);
          EXPECT(shells.is_output_closed());
        }) == "");
}

TEST_CASE("crew: nor do those that have left its group and session") {
  CHECK(failed_in([](auto expect) {
          Shells shells("setsid sh -c 'setsid sleep 1000 & printf x; sleep 1000' & wait");
          shells.start();
          EXPECT(shells.byte() == 'x');
          shells.crew.kill(0);
          shells.fate();
          EXPECT(shells.is_output_closed());
        }) == "");
}

TEST_CASE("crew: what belongs to another process stays while that one lives") {
  CHECK(failed_in([](auto expect) {
          // Its parent has ended, so it is adopted. It says so when it reads the end of the input.
          Shells shells(
              "if [ $ROWSUM_WORKER = 0.0 ]; then (setsid sh -c 'cat; printf b' <&0 &); "
              "printf a; sleep 1000; fi",
              2);
          shells.start(0);
          EXPECT(shells.byte() == 'a');
          shells.start(1);
          shells.fate(1);
          shells.input.in.close();
          EXPECT(shells.byte() == 'b');
        }) == "");
}

TEST_CASE("crew: its end is the end of all of them, and of what changed its environment") {
  CHECK(failed_in([](auto expect) {
          Shells shells("env -i setsid sleep 1000 & printf x; sleep 1000", 3);
          for (const size_t place : {0, 2}) shells.start(place);
          for (int i = 0; i < 2; ++i) EXPECT(shells.byte() == 'x');
          shells.crew.end();
          EXPECT(!shells.crew.is_running(0));
          EXPECT(!shells.crew.is_running(2));
          shells.output.in.close();
          EXPECT(read_to_end(shells.output.out.get()).empty());
        }) == "");
}

TEST_CASE("crew: when its process is killed, the processes of the crew are, too") {
  Pipe output;
  {
    Child child([&] {
      Shells shells("printf x; exec sleep 1000");
      shells.output.in = OwnedFd(::dup(output.in.get()));
      output.in.close();
      shells.start();
      char byte = 0;
      while (::read(output.out.get(), &byte, 1) != 1) {
      }
      ::raise(SIGKILL);
      return 0;
    });
    output.in.close();
    CHECK(child.wait() == 128 + SIGKILL);
  }
  pollfd wanted{output.out.get(), POLLIN, 0};
  CHECK(::poll(&wanted, 1, patience_ms) == 1);
  CHECK((wanted.revents & POLLHUP) != 0);
}

TEST_CASE("crew: it leaves a child that others have started to them, also one that has ended") {
  CHECK(failed_in([](auto expect) {
          Shells shells("exit 0");
          const pid_t other = start_process({.words = {"/bin/sh", "-c", "exit 3"},
                                             .environment = own_environment(),
                                             .in = shells.input.out.get(),
                                             .out = shells.output.in.get(),
                                             .signal_at_death = SIGKILL});
          const OwnedFd exit = watch(other);
          pollfd wanted{exit.get(), POLLIN, 0};
          EXPECT(::poll(&wanted, 1, patience_ms) == 1);
          shells.start();
          shells.fate();
          shells.crew.end();
          EXPECT(wait_for(other).code == 3);
        }) == "");
}

TEST_CASE("crew: a program that cannot be executed is a failure, and no process stays") {
  CHECK(failed_in([](auto expect) {
          Crew crew(1);
          const Thrown thrown = thrown_by([&] { crew.start(0, {"/no/such/program"}, 0, 1, {}); });
          EXPECT(thrown.status == ExitStatus::system);
          EXPECT(thrown.message == "cannot start /no/such/program: No such file or directory");
          EXPECT(!crew.is_running(0));
          EXPECT(::waitpid(-1, nullptr, WNOHANG) < 0);
        }) == "");
}

TEST_CASE("crew: it waits for its processes also where SIGCHLD is ignored") {
  CHECK(failed_in([](auto expect) {
          ::signal(SIGCHLD, SIG_IGN);
          Shells shells("exit 5");
          shells.start();
          EXPECT(shells.fate().code == 5);
        }) == "");
}

TEST_CASE("crew: a process begins with no signal blocked or ignored on account of this suite") {
  CHECK(failed_in([](auto expect) {
          ::signal(SIGPIPE, SIG_IGN);
          sigset_t all;
          ::sigfillset(&all);
          ::sigprocmask(SIG_BLOCK, &all, nullptr);
          sigset_t none;
          ::sigemptyset(&none);
          ::sigaddset(&none, SIGTERM);
          ::sigprocmask(SIG_SETMASK, &none, nullptr);
          Shells shells(
              "grep -q 'SigBlk:.0000000000000000' /proc/self/status && "
              "grep -q 'SigIgn:.0000000000000000' /proc/self/status");
          shells.start();
          EXPECT(shells.fate().code == 0);
        }) == "");
}
