// SPDX-License-Identifier: MIT
// The processes of the workers: starts one at each place, learns how it ended, and can kill it.
// Knows no batch.
//
//   Crew crew(places);
//   crew.start(place, {"/usr/bin/p2_sum"}, in, out, kept);
//   poll crew.exit_fd(place) for POLLIN
//   if (const auto fate = crew.reap(place)) ... fate->describe() ...
//
// Each process leads a session of its own. So it has no terminal: in the background of one, the
// kernel would stop it when it reads there, or writes. Its process group is killed when the process
// has ended. The calling process adopts processes that have left such a group
// (common/io/orphans.h), and kills them, too. A process that has changed its environment and has
// left its group and its parent is killed by end() at the latest.
//
// Signals are sent only to children that have not been waited for, and to groups whose leader has
// not been waited for. So their numbers cannot belong to other processes. When the calling process
// dies, the kernel kills the processes at the places (PR_SET_PDEATHSIG). The calling process must
// have one thread.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"

namespace rowsum {

/// The program that runs at a place.
struct WorkerCommand {
  std::vector<std::string> words;  // the program, as for execvp(3), and its arguments
  std::string name;                // for messages
  /// It is the p2_sum of this suite. So it reports why it ends with a status of the suite's table.
  bool is_p2_sum = false;
  bool is_elsewhere = false;  // it runs on another host, and is the p2_sum there

  /// It is the p2_sum beside p1_read. So it reads the input itself, can scan chunks, and puts its
  /// results into a ring.
  bool shares_files() const { return is_p2_sum && !is_elsewhere; }
};

class Crew {
 public:
  explicit Crew(size_t places);
  /// Calls end().
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Starts a program, with its arguments, at a place that has none. `in` becomes its standard
  /// input and `out` its standard output. The descriptors `kept` are open in it under the same
  /// numbers. Throws Failure(system) if the process cannot be created, or if the program cannot be
  /// executed.
  void start(size_t place, const std::vector<std::string>& words, int in, int out,
             const std::vector<int>& kept);

  bool is_running(size_t place) const { return workers_[place].pid > 0; }
  /// How many processes have been started at the place.
  unsigned lives(size_t place) const { return workers_[place].lives; }
  /// A descriptor that is readable once the process has ended; -1 if the place has no process.
  int exit_fd(size_t place) const { return workers_[place].exit.get(); }

  /// Returns how the process at the place ended, or nothing while it runs. If it has ended, the
  /// place has no process from then on, and what the process has left behind is killed.
  std::optional<Fate> reap(size_t place);

  /// What a process that was reaped has left behind can leave children behind in its turn. As long
  /// as this may be so, sweep() is to be called again from time to time.
  bool has_to_sweep() const { return !left_.empty(); }
  void sweep();
  /// Lets sweep() look once more for what the last process at the place has left behind.
  void sweep_again(size_t place);

  /// Sends SIGKILL, or another signal, to the process at the place, if there is one.
  void kill(size_t place, int signal = SIGKILL);

  /// Kills all processes and all that they have left behind, and waits until nothing is left.
  /// Processes that have become those of another user are let go, if this process may not kill
  /// them.
  void end();

 private:
  struct Worker {
    pid_t pid = 0;  // 0: none
    OwnedFd exit;   // readable once it has ended
    unsigned lives = 0;
  };

  /// Kills what is left of the worker's group, and waits for the worker, which has ended or has
  /// been killed.
  static Fate bury(Worker& worker);

  /// The variable in the environment of the last process at the place: "ROWSUM_WORKER=PLACE.LIFE".
  std::string mark_of(size_t place) const;
  /// Kills the adopted processes with `mark` in their environment, or all of them if it is empty,
  /// and waits for those that have ended. Returns whether any are left.
  static bool sweep_adopted(const std::string& mark);

  std::vector<Worker> workers_;
  std::vector<std::string> left_;  // the marks of processes that may have left something behind
};

}  // namespace rowsum
