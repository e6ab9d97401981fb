#include "p1_read/crew.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/base/failure.h"
#include "common/io/orphans.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

namespace {

/// What start() needs in the new process, made before there is one.
struct Execution {
  std::vector<char*> words;
  std::vector<char*> environment;
  int in;
  int out;
  int kept;
  pid_t parent;
  sigset_t signals;  // blocked in the parent, and not in the new process
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Signals that this program ignores or takes in ways of its own.
constexpr int own_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXFSZ};

/// Becomes the program. It runs in the memory of the parent, which sleeps meanwhile (vfork(2)), so
/// it changes nothing there. Returns only with errno set.
void execute(const Execution& execution) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != execution.parent) ::_exit(127);  // it died before the call above took effect
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &execution.signals, nullptr);
  if (::dup2(execution.in, STDIN_FILENO) < 0 || ::dup2(execution.out, STDOUT_FILENO) < 0) return;
  if (execution.kept >= 0 && ::fcntl(execution.kept, F_SETFD, 0) != 0) return;
  ::execvpe(execution.words[0], execution.words.data(), execution.environment.data());
}

/// Returns the new process, or -1 with errno set.
pid_t spawn(const Execution& execution) {
  volatile int error = 0;  // written by the new process, in this memory
  const pid_t pid = ::vfork();
  if (pid == 0) {
    execute(execution);
    error = errno;
    ::_exit(127);
  }
  if (pid > 0 && error != 0) {
    ::waitpid(pid, nullptr, 0);
    errno = error;
    return -1;
  }
  return pid;
}

void kill_group(pid_t leader) {
  ::kill(-leader, SIGKILL);
}

}  // namespace

std::string Fate::describe() const {
  if (!was_killed) return "ended with status " + std::to_string(code);
  const char* const name = ::sigabbrev_np(code);
  return "was killed by signal " + std::to_string(code) + " (" + (name ? name : "?") + ")";
}

Crew::Crew(WorkerCommand command, size_t places) : command_(std::move(command)), workers_(places) {
  // Where they are ignored, as some parents have it, children would be gone before they are waited
  // for.
  ::signal(SIGCHLD, SIG_DFL);
  adopt_orphans();
}

Crew::~Crew() {
  end();
}

void Crew::start(size_t place, int in, int out, int kept) {
  Worker& worker = workers_[place];
  ++worker.lives;
  std::vector<std::string> words = command_.words;
  std::vector<std::string> variables{mark_of(place)};
  for (char** entry = environ; *entry; ++entry) {
    if (!std::string_view(*entry).starts_with(std::string(worker_variable) + "=")) {
      variables.push_back(*entry);
    }
  }
  Execution execution{pointers_to(words), pointers_to(variables), in, out, kept, ::getpid(), {}};
  ::sigprocmask(SIG_SETMASK, nullptr, &execution.signals);
  for (const int signal : own_signals) ::sigdelset(&execution.signals, signal);

  const pid_t pid = spawn(execution);
  if (pid < 0) throw Failure::from_errno(ExitStatus::system, "cannot start " + command_.words[0]);
  worker.pid = pid;
  worker.exit = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!worker.exit.is_open()) {
    const int error = errno;
    kill(place);
    errno = error;
    throw Failure::from_errno(ExitStatus::system, "cannot watch " + command_.words[0]);
  }
}

std::optional<Fate> Crew::reap(size_t place) {
  Worker& worker = workers_[place];
  if (worker.pid == 0) return std::nullopt;
  siginfo_t info = {};
  // It stays a zombie at first, so that its number is still that of its group.
  const int result =
      ::waitid(P_PID, static_cast<id_t>(worker.pid), &info, WEXITED | WNOHANG | WNOWAIT);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  kill_group(worker.pid);
  ::waitpid(worker.pid, nullptr, 0);
  worker.pid = 0;
  worker.exit.close();
  sweep(place);
  return Fate{info.si_code != CLD_EXITED, info.si_status};
}

void Crew::sweep(size_t place) {
  sweep_adopted(mark_of(place));
}

void Crew::kill(size_t place) {
  if (is_running(place)) ::kill(workers_[place].pid, SIGKILL);
}

void Crew::end() {
  for (size_t place = 0; place < workers_.size(); ++place) kill(place);
  for (Worker& worker : workers_) {
    if (worker.pid == 0) continue;
    siginfo_t info = {};
    while (::waitid(P_PID, static_cast<id_t>(worker.pid), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    kill_group(worker.pid);
    ::waitpid(worker.pid, nullptr, 0);
    worker.pid = 0;
    worker.exit.close();
  }
  while (sweep_adopted("")) ::poll(nullptr, 0, 1);
}

std::string Crew::mark_of(size_t place) const {
  return std::string(worker_variable) + "=" + std::to_string(place) + "." +
         std::to_string(workers_[place].lives - 1);
}

bool Crew::sweep_adopted(const std::string& mark) {
  return kill_orphans(mark, [this](pid_t pid) {
    const auto is_it = [pid](const Worker& worker) { return worker.pid == pid; };
    return std::any_of(workers_.begin(), workers_.end(), is_it);
  });
}

}  // namespace rowsum
