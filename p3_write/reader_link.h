// SPDX-License-Identifier: MIT
// The messages between p1_read and p3_write while p1_read has workers (common/wire/control.h), as
// p3_write sends and receives them. p3_write is the parent of p1_read. The standard output of
// p1_read is the link. The control and the outputs of the workers are pipes of p1_read, which
// p3_write opens by their names in /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"
#include "common/wire/control.h"

namespace rowsum {

/// A child process, and the pipe to which its standard output goes.
struct StartedReader {
  pid_t pid;
  OwnedFd link;
  std::vector<pid_t> children_before = {};  // that the calling process already had
};

/// Starts p1_read by its name and arguments. It gets the standard input of this process, which has
/// an empty one from then on. Throws Failure(system).
StartedReader start_reader(const std::vector<std::string>& command);

class ReaderLink {
 public:
  /// Throws Failure(system).
  explicit ReaderLink(StartedReader reader);
  ~ReaderLink();
  ReaderLink(const ReaderLink&) = delete;
  ReaderLink& operator=(const ReaderLink&) = delete;

  int fd() const { return link_.get(); }

  /// Closes the control and the link, and waits for the end of p1_read, which ends its workers
  /// first. Kills processes that are left of its workers. If p1_read was killed, throws a Failure
  /// that tells how. The destructor does the same, but does not throw.
  void finish();

  /// Returns all messages since the last call. Throws if p1_read has gone: a Failure that tells how
  /// it was killed, or a silent one with the status with which it ended. Throws
  /// std::invalid_argument for a message of unknown type, and Failure(io).
  std::vector<ControlMessage<NewsOfReader>> hear();

  /// Opens the control. `message` tells where it is. Throws as open() does.
  void open_control(const ControlMessage<NewsOfReader>& message);
  /// Opens a pipe of p1_read by the number of its descriptor. Throws Failure(system), and like
  /// hear() when p1_read has gone.
  OwnedFd open(uint64_t fd, int flags);

  /// say() queues a message, which is sent soon; send() sends all of them now. Both throw
  /// Failure(io). They ignore that p1_read has gone: hear() tells that.
  void say(NewsOfWriter type, size_t place = 0, uint64_t value = 0);
  void send();
  /// Whether send() would not wait: the control is open and has room. A p1_read that is stopped
  /// does not read it.
  bool has_room() const;

 private:
  [[noreturn]] void reader_has_gone();
  /// Waits for the end of p1_read and returns how it ended; nothing if it was waited for before.
  std::optional<Fate> wait_for_reader();
  /// If p1_read fails before it knows that it has workers, it ends its standard output like any
  /// stream. Reads this stream and throws its status.
  [[noreturn]] void hear_failed_stream(std::span<const char> bytes);

  OwnedFd link_;
  pid_t reader_;                 // 0 once it has been waited for
  uint32_t number_in_proc_ = 0;  // of p1_read
  std::vector<pid_t> children_before_;
  OwnedFd control_;
  ControlParser<NewsOfReader> parser_;
  std::string news_;
  bool has_begun_ = false;  // something has come from p1_read
};

}  // namespace rowsum
