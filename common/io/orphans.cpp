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

std::vector<pid_t> children() {
  std::ifstream file("/proc/thread-self/children");
  return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
}

bool has_in_environment(pid_t pid, const std::string& beginning) {
  if (beginning.empty()) return true;
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  for (std::string variable; std::getline(file, variable, '\0');) {
    if (variable.starts_with(beginning)) return true;
  }
  return false;
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

bool kill_orphans(const std::string& variable, const std::function<bool(pid_t)>& is_spared) {
  bool are_any_left = false;
  for (const pid_t pid : children()) {
    if (is_spared(pid) || !has_in_environment(pid, variable)) continue;
    // It runs, and is a child: in a PID namespace without a /proc of its own the numbers are
    // others.
    if (::waitpid(pid, nullptr, WNOHANG) != 0) continue;
    ::kill(pid, SIGKILL);
    are_any_left = true;
  }
  return are_any_left;
}

}  // namespace rowsum
