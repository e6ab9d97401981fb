// SPDX-License-Identifier: MIT
#include "p2_sum/shell_command.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>

#include "common/base/failure.h"
#include "common/io/orphans.h"
#include "common/wire/overdue_signal.h"
#include "tests/support/child.h"
#include "tests/support/pipes.h"

using namespace rowsum;

namespace {

/// Runs `body` in a process that has one thread and no other children, as a ShellCommand needs it.
/// The result of `body` is the status.
Outcome with_command(const std::string& command, const std::function<int(ShellCommand&)>& body,
                     const std::vector<std::string>& environment = {}) {
  return run_in_child([&] {
    adopt_orphans();
    const OwnedFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ShellCommand process(command, nothing.get(), environment);
    return body(process);
  });
}

/// All that comes on standard output.
std::string output_of(ShellCommand& process) {
  std::string output;
  std::array<char, 1000> bytes;
  while (true) {
    const ssize_t n = process.read(bytes);
    if (n == 0) return output;
    if (n > 0) {
      output.append(bytes.data(), static_cast<size_t>(n));
    } else {
      process.wait(-1, -1);
    }
  }
}

int end_and_print(ShellCommand& process) {
  const std::string output = output_of(process);
  const Fate fate = process.end();
  const std::string text = output + "|" + fate.describe() + "|" + process.last_error_line();
  return ::write(STDOUT_FILENO, text.data(), text.size()) < 0;
}

}  // namespace

TEST_CASE("shell command: its output, how it ended, and its last error") {
  CHECK(with_command("echo a; echo b; exit 3", end_and_print).output ==
        "a\nb\n|ended with status 3|");
  CHECK(with_command("echo c >&2; printf 'd\n\n' >&2; kill -TERM $$", end_and_print).output ==
        "|was killed by signal 15 (TERM)|d");
  CHECK(with_command("exec >&-; echo e >&2; sleep 0.1; printf f >&2", [](ShellCommand& process) {
          while (!process.has_ended()) process.wait(-1, -1);
          return end_and_print(process);
        }).output == "|ended with status 0|f");
}

TEST_CASE("shell command: after the end of its output, reading finds the end again") {
  const Outcome outcome = with_command("echo a; exec >&-; sleep 0.1", [](ShellCommand& process) {
    if (output_of(process) != "a\n") return 1;
    while (!process.has_ended()) process.wait(-1, -1);
    std::array<char, 10> bytes;
    return process.read(bytes) == 0 && process.read(bytes) == 0 ? 0 : 2;
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("shell command: no wait is longer than it may be, whatever comes on standard error") {
  const Outcome outcome = with_command("while :; do echo x >&2; done", [](ShellCommand& process) {
    for (const int time : {0, 1, 100}) process.wait(-1, time);
    return process.has_ended() ? 1 : 0;
  });
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.starts_with("x\nx\n"));
}

TEST_CASE("shell command: it is overdue when p1_read says so") {
  const Outcome outcome = with_command("exec sleep 1000", [](ShellCommand& process) {
    if (process.wait(-1, 0) || process.is_overdue()) return 1;
    ::raise(overdue_signal);
    if (!process.wait(-1, -1) || !process.is_overdue() || process.has_ended()) return 2;
    return process.wait(-1, 0) ? 3 : 0;  // it is told once
  });
  CHECK(outcome.status == 0);
}

TEST_CASE("shell command: errors are passed on in whole lines, and very long ones in pieces") {
  const auto errors_of = [](const std::string& command) {
    const Outcome outcome = with_command(command, [](ShellCommand& process) {
      output_of(process);
      process.end();
      return 0;
    });
    return outcome.errors;
  };
  CHECK(errors_of("printf 'a\nb' >&2; sleep 0.1; printf 'c\n\nd' >&2") == "a\nbc\n\nd\n");
  CHECK(errors_of("head -c 10000 /dev/zero | tr '\\0' x >&2") == std::string(4095, 'x') + "\n" +
                                                                     std::string(4095, 'x') + "\n" +
                                                                     std::string(1810, 'x') + "\n");
  std::string lines;
  for (int i = 1; i <= 5000; ++i) lines += std::to_string(i) + "\n";
  CHECK(errors_of("seq 5000 >&2") == lines);
}

TEST_CASE("shell command: its variables replace those of this process") {
  ::setenv("ROWSUM_TEST_A", "old", 1);
  ::setenv("ROWSUM_TEST_AB", "other", 1);
  const std::string own = "cat /proc/$$/environ | tr '\\0' '\\n' | grep ^ROWSUM_TEST_A | sort";
  CHECK(with_command(own, end_and_print, {"ROWSUM_TEST_A=new", "ROWSUM_TEST_ABC="})
            .output.starts_with("ROWSUM_TEST_A=new\nROWSUM_TEST_AB=other\nROWSUM_TEST_ABC=\n|"));
  ::unsetenv("ROWSUM_TEST_A");
  ::unsetenv("ROWSUM_TEST_AB");
}

TEST_CASE("shell command: what it leaves behind can be killed, or is killed at the end") {
  // Until then it keeps the pipe open.
  for (const bool early : {true, false}) {
    Pipe witness;
    const std::string fd = std::to_string(witness.in.get());
    ::fcntl(witness.in.get(), F_SETFD, 0);
    const Outcome outcome =
        with_command("(env -i setsid sh -c 'sleep 1000 >&" + fd + " 2>&1 &'); echo a",
                     [&](ShellCommand& process) {
                       witness.in.close();
                       witness.out.close();
                       while (!process.has_ended()) process.wait(-1, -1);
                       if (early) process.kill_rest();
                       const bool is_over = output_of(process) == "a\n";
                       process.end();
                       return is_over && own_children().empty() ? 0 : 1;
                     });
    CHECK(outcome.status == 0);
    witness.in.close();
    CHECK(read_to_end(witness.out.get()) == "");
  }
}

TEST_CASE("shell command: nobody waits for it if nobody reads any more") {
  const Outcome outcome = with_command("sleep 1000", [](ShellCommand& process) {
    Pipe pipe;
    pipe.out.close();
    ::dup2(pipe.in.get(), STDOUT_FILENO);
    try {
      process.wait(-1, -1);
    } catch (const Failure& failure) {
      return failure.status() == ExitStatus::downstream_closed && *failure.what() == '\0' ? 0 : 1;
    }
    return 2;
  });
  CHECK(outcome.status == 0);
}
