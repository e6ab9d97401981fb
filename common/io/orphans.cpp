// SPDX-License-Identifier: MIT
#include "common/io/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace rowsum {

namespace {

bool has_in_environment(pid_t pid, const std::string& beginning) {
  if (beginning.empty()) return true;
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  for (std::string variable; std::getline(file, variable, '\0');) {
    if (variable.starts_with(beginning)) return true;
  }
  return false;
}

bool has_memory(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
  return file.peek() != std::ifstream::traits_type::eof();
}

/// Kills a child, and waits for it. Returns false if it is none, or one of another user.
bool end_child(pid_t pid) {
  const pid_t ended = ::waitpid(pid, nullptr, WNOHANG);
  if (ended != 0) return ended > 0;
  return ::kill(pid, SIGKILL) == 0 && ::waitpid(pid, nullptr, 0) > 0;
}

/// Returns whether there were some. They may have left children of their own to this process.
/// A signal handler calls this, so it may use nothing but system calls.
bool end_children() {
  const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  char bytes[4096];
  const ssize_t size = ::read(file, bytes, sizeof bytes);
  ::close(file);
  bool has_ended_some = false;
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (bytes[i] != ' ') {
      pid = 10 * pid + (bytes[i] - '0');
      continue;
    }
    has_ended_some |= end_child(pid);
    pid = 0;
  }
  return has_ended_some;
}

void end_children_and_die(int signal) {
  while (end_children()) {
  }
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::_exit(128 + signal);  // reached only by process 1, which such a signal does not end
}

}  // namespace

void end_children_at_signals() {
  struct sigaction action = {};
  action.sa_handler = end_children_and_die;
  constexpr int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  for (const int signal : signals) ::sigaddset(&action.sa_mask, signal);
  for (const int signal : signals) {
    struct sigaction before;
    ::sigaction(signal, &action, &before);
    if (before.sa_handler == SIG_IGN) ::sigaction(signal, &before, nullptr);
  }
}

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::vector<pid_t> own_children() {
  std::ifstream file("/proc/thread-self/children");
  return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
}

bool kill_orphans(const std::string& variable, const std::function<bool(pid_t)>& is_spared) {
  bool is_to_go_on = false;
  for (const pid_t pid : own_children()) {
    if (is_spared(pid)) continue;
    // A result below 0 means that it is no child: in a PID namespace without a /proc of its own,
    // the numbers in /proc differ.
    pid_t ended = ::waitpid(pid, nullptr, WNOHANG);
    if (ended == 0 && has_in_environment(pid, variable)) {
      // A process of another user may not be killed, and is not waited for.
      if (::kill(pid, SIGKILL) == 0) is_to_go_on = true;
    } else if (ended == 0) {
      ended = ::waitpid(pid, nullptr, WNOHANG);
      // A process that is ending loses its memory first, and its environment with it.
      if (ended == 0 && !has_memory(pid)) is_to_go_on = true;
    }
    // Its own children may have become children of this process only now.
    if (ended > 0) is_to_go_on = true;
  }
  return is_to_go_on;
}

}  // namespace rowsum
