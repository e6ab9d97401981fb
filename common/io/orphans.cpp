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
  const std::string self = std::to_string(::getpid());
  std::ifstream file("/proc/" + self + "/task/" + self + "/children");
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
    if (::waitpid(pid, nullptr, WNOHANG) == pid) continue;
    ::kill(pid, SIGKILL);
    are_any_left = true;
  }
  return are_any_left;
}

}  // namespace rowsum
