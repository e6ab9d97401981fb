// SPDX-License-Identifier: MIT
#include "p1_read/crew.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "common/base/failure.h"
#include "common/io/orphans.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

Crew::Crew(size_t places) : workers_(places) {
  adopt_orphans();
}

Crew::~Crew() {
  try {
    end();
  } catch (const std::exception&) {
    // Without memory no more can be done here. The processes end when this one does.
  }
}

void Crew::start(size_t place, const std::vector<std::string>& words, int in, int out,
                 const std::vector<int>& kept) {
  Worker& worker = workers_[place];
  ++worker.lives;
  NewProcess process{.words = words,
                     .environment = {mark_of(place)},
                     .in = in,
                     .out = out,
                     .kept = kept,
                     .signal_at_death = SIGKILL,
                     .leads_session = true};
  for (std::string& variable : own_environment()) {
    if (!variable.starts_with(std::string(worker_variable) + "=")) {
      process.environment.push_back(std::move(variable));
    }
  }
  worker.pid = start_process(std::move(process));
  worker.exit = watch(worker.pid);
  if (!worker.exit.is_open()) {
    const int error = errno;
    kill(place);
    errno = error;
    throw Failure::from_errno(ExitStatus::system, "cannot watch " + words[0]);
  }
}

std::optional<Fate> Crew::reap(size_t place) {
  Worker& worker = workers_[place];
  if (worker.pid == 0) return std::nullopt;
  siginfo_t info = {};
  constexpr int flags = WEXITED | WNOHANG | WNOWAIT;
  const int result = ::waitid(P_PID, static_cast<id_t>(worker.pid), &info, flags);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  const Fate fate = bury(worker);
  sweep_again(place);
  sweep();
  return fate;
}

void Crew::sweep() {
  std::erase_if(left_, [](const std::string& mark) { return !sweep_adopted(mark); });
}

void Crew::sweep_again(size_t place) {
  const std::string mark = mark_of(place);
  if (std::find(left_.begin(), left_.end(), mark) == left_.end()) left_.push_back(mark);
}

void Crew::kill(size_t place, int signal) {
  if (is_running(place)) ::kill(workers_[place].pid, signal);
}

void Crew::end() {
  for (size_t place = 0; place < workers_.size(); ++place) kill(place);  // all at the same time
  for (Worker& worker : workers_) {
    // The signal may not be sent to a process of another user. That one is not waited for.
    if (worker.pid > 0 && ::kill(worker.pid, SIGKILL) == 0) bury(worker);
  }
  while (sweep_adopted("")) ::poll(nullptr, 0, 1);
}

Fate Crew::bury(Worker& worker) {
  // Until the worker is waited for, no other process and no other group can have its number.
  ::kill(-worker.pid, SIGKILL);
  worker.exit.close();
  return wait_for(std::exchange(worker.pid, 0));
}

std::string Crew::mark_of(size_t place) const {
  return std::string(worker_variable) + "=" + std::to_string(place) + "." +
         std::to_string(workers_[place].lives - 1);
}

bool Crew::sweep_adopted(const std::string& mark) {
  return kill_orphans(mark, is_awaited);
}

}  // namespace rowsum
