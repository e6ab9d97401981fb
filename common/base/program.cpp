// SPDX-License-Identifier: MIT
#include "common/base/program.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>

#include "common/base/failure.h"
#include "common/base/report.h"

namespace rowsum {

namespace {

/// The kernel does not deliver signals without a handler to process 1, which a program may be in a
/// container.
void let_signals_end_process_1() {
  if (::getpid() != 1) return;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    const auto before = ::signal(signal, [](int number) { ::_exit(128 + number); });
    if (before == SIG_IGN) ::signal(signal, SIG_IGN);
  }
}

/// `kill -USR1 %1` and `kill -USR1 -- -PGID` ask how far a run is, and all of its programs get the
/// signal. The one that answers has a handler of its own.
void survive_the_question() {
  struct sigaction action = {};
  if (::sigaction(SIGUSR1, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = [](int) {};  // unlike SIG_IGN, it is not inherited by other programs
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
}

ExitStatus report_failure(const Failure& failure) {
  if (failure.what()[0] != '\0') report(failure.what());
  return failure.status();
}

ExitStatus run_body(const std::function<ExitStatus()>& body) {
  try {
    return body();
  } catch (const Failure& failure) {
    return report_failure(failure);
  } catch (const std::bad_alloc&) {
    report("out of memory");
    return ExitStatus::system;
  } catch (const std::exception& error) {
    report(std::string("internal error: ") + error.what());
    return ExitStatus::internal;
  }
}

}  // namespace

void fill_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const bool is_closed = ::fcntl(fd, F_GETFD) < 0 && errno == EBADF;
    if (is_closed) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int run_program(const char* name, const std::function<ExitStatus()>& body,
                const std::function<void(ExitStatus)>& farewell) {
  set_program_name(name);
  fill_standard_descriptors();
  let_signals_end_process_1();
  survive_the_question();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  const ExitStatus status = run_body(body);
  if (farewell && status != ExitStatus::complete && status != ExitStatus::some_rejected) {
    try {
      farewell(status);
    } catch (const std::exception&) {
      // The stream has no reader. The exit status is enough.
    }
  }
  return static_cast<int>(status);
}

}  // namespace rowsum
