// SPDX-License-Identifier: MIT
#include "common/io/process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/failure.h"

namespace rowsum {

namespace {

/// Signals that the programs of this suite ignore, block or handle.
constexpr int own_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGPIPE, SIGXFSZ};

/// The children for which is_awaited() is true.
std::vector<pid_t> awaited;

/// What the new process needs besides NewProcess. It is made before vfork(2).
struct Execution {
  std::vector<char*> words;
  std::vector<char*> environment;
  pid_t parent;
  sigset_t blocked;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Executes the program in the new process. Until then that runs in the memory of the parent, which
/// sleeps meanwhile (vfork(2)), so this function must change nothing there. Returns only on
/// failure, with errno set.
void execute(const NewProcess& process, const Execution& execution) {
  if (process.leads_session) ::setsid();
  ::prctl(PR_SET_PDEATHSIG, process.signal_at_death);
  if (::getppid() != execution.parent) ::_exit(127);  // the parent died before prctl(2) took effect
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &execution.blocked, nullptr);
  if (::dup2(process.in, STDIN_FILENO) < 0 || ::dup2(process.out, STDOUT_FILENO) < 0) return;
  if (process.err >= 0 && ::dup2(process.err, STDERR_FILENO) < 0) return;
  for (const int fd : process.kept) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return;
  }
  ::execvpe(execution.words[0], execution.words.data(), execution.environment.data());
}

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) variables.push_back(*entry);
  return variables;
}

pid_t start_process(NewProcess process) {
  Execution execution{pointers_to(process.words), pointers_to(process.environment), ::getpid(),
                      sigset_t{}};
  // A parent may have left SIGCHLD ignored. Then a child that ends could not be waited for.
  ::signal(SIGCHLD, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, nullptr, &execution.blocked);
  for (const int signal : own_signals) ::sigdelset(&execution.blocked, signal);

  awaited.reserve(awaited.size() + 1);  // what may fail comes before the process is there
  volatile int error = 0;               // written by the new process, which shares this memory
  const pid_t pid = ::vfork();
  if (pid == 0) {
    execute(process, execution);
    error = errno;
    ::_exit(127);
  }
  if (pid > 0 && error != 0) {
    ::waitpid(pid, nullptr, 0);
    errno = error;
  }
  if (pid < 0 || error != 0) {
    throw Failure::from_errno(ExitStatus::system, "cannot start " + process.words[0]);
  }
  awaited.push_back(pid);
  return pid;
}

OwnedFd watch(pid_t child) {
  return OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
}

std::string Fate::describe() const {
  if (!was_killed) return "ended with status " + std::to_string(code);
  const char* const name = ::sigabbrev_np(code);
  return "was killed by signal " + std::to_string(code) + " (" + (name ? name : "?") + ")";
}

Fate wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  std::erase(awaited, child);
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

bool is_awaited(pid_t child) {
  return std::find(awaited.begin(), awaited.end(), child) != awaited.end();
}

}  // namespace rowsum
