// The processes at the places: starts one at each, sees how it ends, and ends it. Knows no batch.
//
//   Crew crew({{"/usr/bin/p2_sum"}, "p2_sum"}, places);
//   crew.start(place, in, out, kept);
//   poll crew.exit_fd(place) for POLLIN
//   if (const auto fate = crew.reap(place)) ... fate->describe() ...
//
// What a process leaves behind ends with it: each leads a process group of its own, and the calling
// process adopts what has left that group (common/io/orphans.h). A process that has
// changed its environment and has left its group and its parent is ended by end() at the latest.
//
// A signal goes only to children that have not been waited for, or to a group whose leader has not
// been, so that no number can be that of another process. When the calling process dies, the
// processes at the places are killed (PR_SET_PDEATHSIG); it must have one thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"

namespace rowsum {

/// Which program sits at the places.
struct WorkerCommand {
  std::vector<std::string> words;  // the program, as for execvp(3), and its arguments
  std::string name;                // for messages
};

class Crew {
 public:
  Crew(WorkerCommand command, size_t places);
  /// Calls end().
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  const std::string& name() const { return command_.name; }

  /// Starts a process at a place where none is, with `in` as its standard input and `out` as its
  /// standard output. The descriptor `kept` is open in it under the same number; -1: none.
  /// Throws Failure(system) if there can be no process, or if the program cannot be executed.
  void start(size_t place, int in, int out, int kept);

  bool is_running(size_t place) const { return workers_[place].pid > 0; }
  /// How many have been started at the place.
  unsigned lives(size_t place) const { return workers_[place].lives; }
  /// Readable once the process has ended; -1 where none is.
  int exit_fd(size_t place) const { return workers_[place].exit.get(); }

  /// How the process at the place ended, and what it left behind is being ended; nothing while it
  /// runs. From then on no process is at the place.
  std::optional<Fate> reap(size_t place);

  /// Ends once more what the last process at the place has left. To be called again while something
  /// of it may still be there, for what ends can leave something in its turn.
  void sweep(size_t place);

  /// SIGKILL to the process at the place, if there is one.
  void kill(size_t place);

  /// Kills all, with all that they have left behind, and waits until nothing is left.
  void end();

 private:
  struct Worker {
    pid_t pid = 0;  // 0: none
    OwnedFd exit;   // pidfd_open(2)
    unsigned lives = 0;
  };

  /// Kills what is left of its group, and waits for the process, which has ended or been killed.
  static Fate bury(Worker& worker);

  /// As in the environment: "ROWSUM_WORKER=PLACE.LIFE" of the last process at the place.
  std::string mark_of(size_t place) const;
  /// Kills the adopted processes that carry the mark, or all of them if it is empty, and waits for
  /// those that have ended. Returns whether any are left.
  bool sweep_adopted(const std::string& mark);

  WorkerCommand command_;
  std::vector<Worker> workers_;
};

}  // namespace rowsum
