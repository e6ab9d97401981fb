// SPDX-License-Identifier: MIT
// A process that runs somebody's command, and all that it starts.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"

namespace rowsum {

/// What the command writes to standard error is passed on, whole lines at a time, while wait()
/// waits; a very long line in pieces. The last line that is not blank is kept for the message about
/// a failure.
///
/// Nothing that the command has started outlives this object: this process adopts what the command
/// leaves behind (adopt_orphans()), and must have no other children. If this process dies, the
/// kernel kills the shell (PR_SET_PDEATHSIG). From the first object on overdue_signal does not end
/// this process any more.
class ShellCommand {
 public:
  /// Starts /bin/sh -c `command`. `in` becomes its standard input. `environment`: variables in
  /// addition to those of this process, "NAME=VALUE" each. Throws Failure(system).
  ShellCommand(const std::string& command, int in, std::vector<std::string> environment);
  /// Calls end().
  ~ShellCommand();
  ShellCommand(const ShellCommand&) = delete;
  ShellCommand& operator=(const ShellCommand&) = delete;

  /// An overdue_signal that has come was meant for an earlier batch.
  static void forget_overdue();

  /// Waits until read() has something, until `to_write` can be written (-1: none), until the
  /// process ends, or until its time is over, and so many milliseconds at most (-1: any number),
  /// whatever comes on standard error. Returns whether something happened before the time was over.
  /// Throws a silent Failure(downstream_closed) if the standard output of this process has no
  /// reader any more.
  bool wait(int to_write, int timeout_ms);
  /// Lets what the command writes gather, for read(): waits for so many milliseconds, or until the
  /// process ends. Returns false if so much has come that the command may soon have to wait until
  /// it is read. Throws like wait().
  bool gather(int time_ms);
  bool has_ended() const { return has_ended_; }
  /// Whether p1_read has said that this takes too long (common/wire/overdue_signal.h).
  bool is_overdue() const { return is_overdue_; }

  /// Reads what there is on the command's standard output. Returns -1 if that is nothing now, and 0
  /// at its end, when no process can write there any more, and from then on.
  ssize_t read(std::span<char> into);

  /// Kills what the command has started and what goes on after the command itself has ended.
  void kill_rest();
  /// Kills all of it, and says how the command itself ended. To be called once.
  Fate end();

  /// The last line on standard error so far that is not blank, without its LF.
  const std::string& last_error_line() const { return last_line_; }

 private:
  bool wait(int to_read, int to_write, int timeout_ms);
  bool pass_on_errors();
  void pass_on(size_t size);

  OwnedFd out_;
  OwnedFd err_;
  pid_t pid_ = 0;
  OwnedFd exit_;  // from pidfd_open(2)
  bool has_ended_ = false;
  OwnedFd overdue_;  // from signalfd(2)
  bool is_overdue_ = false;
  std::string errors_;  // what was read of a line that has not ended
  std::string last_line_;
};

}  // namespace rowsum
