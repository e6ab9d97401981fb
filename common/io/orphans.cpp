#include "common/io/orphans.h"

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

}  // namespace

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
