// SPDX-License-Identifier: MIT
#include "common/base/program.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <new>
#include <stdexcept>

#include "common/base/failure.h"
#include "tests/support/child.h"
#include "tests/support/interruptions.h"

using namespace rowsum;

namespace {

template <typename Body>
Outcome run(Body body, const std::function<void(ExitStatus)>& farewell = nullptr) {
  return run_in_child([&] { return run_program("p9_test", body, farewell); });
}

ExitStatus fail(ExitStatus status, const char* message) {
  throw Failure(status, message);
}

}  // namespace

TEST_CASE("program: what the body returns is the status") {
  for (const ExitStatus status : {ExitStatus::complete, ExitStatus::some_rejected}) {
    const Outcome outcome = run([&] { return status; });
    CHECK(outcome.status == static_cast<int>(status));
    CHECK(outcome.errors.empty());
  }
}

TEST_CASE("program: a failure is one line and its status") {
  for (const ExitStatus status :
       {ExitStatus::some_rejected, ExitStatus::usage, ExitStatus::bad_data, ExitStatus::no_input,
        ExitStatus::neighbour_vanished, ExitStatus::internal, ExitStatus::system,
        ExitStatus::cannot_create, ExitStatus::io, ExitStatus::downstream_closed}) {
    const Outcome outcome = run([&] { return fail(status, "in.csv: it went wrong"); });
    CHECK(outcome.status == static_cast<int>(status));
    CHECK(outcome.errors == "p9_test: in.csv: it went wrong\n");
  }
}

TEST_CASE("program: a silent failure is its status alone") {
  const Outcome outcome = run([]() -> ExitStatus { throw Failure::silent(ExitStatus::io); });
  CHECK(outcome.status == 74);
  CHECK(outcome.errors.empty());
}

TEST_CASE("program: a failure from errno says why") {
  const Outcome outcome = run([]() -> ExitStatus {
    errno = ENOENT;
    throw Failure::from_errno(ExitStatus::no_input, "in.csv");
  });
  CHECK(outcome.status == 66);
  CHECK(outcome.errors == "p9_test: in.csv: No such file or directory\n");
}

TEST_CASE("program: no memory, and what must not happen") {
  const Outcome memory = run([]() -> ExitStatus { throw std::bad_alloc(); });
  CHECK(memory.status == 71);
  CHECK(memory.errors == "p9_test: out of memory\n");
  const Outcome bug = run([]() -> ExitStatus { throw std::logic_error("two and two"); });
  CHECK(bug.status == 70);
  CHECK(bug.errors == "p9_test: internal error: two and two\n");
}

TEST_CASE("program: the farewell hears of every failure, and of nothing else") {
  const auto farewell = [](ExitStatus status) {
    const std::string text = "status " + std::to_string(static_cast<int>(status));
    [[maybe_unused]] const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
  };
  CHECK(run([] { return ExitStatus::complete; }, farewell).output.empty());
  CHECK(run([] { return ExitStatus::some_rejected; }, farewell).output.empty());
  CHECK(run([] { return fail(ExitStatus::io, "x"); }, farewell).output == "status 74");
  CHECK(run([] { return fail(ExitStatus::io, ""); }, farewell).output == "status 74");
  CHECK(run([]() -> ExitStatus { throw std::bad_alloc(); }, farewell).output == "status 71");
}

TEST_CASE("program: what the farewell throws changes nothing") {
  const Outcome outcome = run([] { return fail(ExitStatus::bad_data, "bad"); },
                              [](ExitStatus) { fail(ExitStatus::io, "worse"); });
  CHECK(outcome.status == 65);
  CHECK(outcome.errors == "p9_test: bad\n");
}

TEST_CASE("program: a closed pipe is an error of write, and no death") {
  const Outcome outcome = run([] {
    ::signal(SIGPIPE, SIG_DFL);
    return static_cast<ExitStatus>(run_program("p9_test", [] {
      Pipe pipe;
      pipe.out.close();
      return ::write(pipe.in.get(), "x", 1) < 0 && errno == EPIPE ? ExitStatus::some_rejected
                                                                  : ExitStatus::internal;
    }));
  });
  CHECK(outcome.status == 1);
}
