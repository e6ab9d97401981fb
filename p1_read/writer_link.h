// SPDX-License-Identifier: MIT
// The messages between p1_read and p3_write while p1_read has workers (common/wire/control.h), as
// p1_read sends and receives them. The standard output of p1_read is the link. The control is a
// pipe that p1_read makes and that p3_write opens by its name in /proc. No function here waits:
// messages for which the link has no room are kept in memory.
#pragma once

#include <poll.h>

#include <array>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/wire/control.h"

namespace rowsum {

class WriterLink {
 public:
  /// `link`: not owned; becomes non-blocking. Throws Failure(system).
  explicit WriterLink(int link);
  /// Says where the control is. To be called before anything else is said. Throws Failure(system).
  void open();

  /// Whether p3_write may still say something.
  bool is_open() const { return is_open_; }

  /// Sends a message, now or as soon as possible. Does nothing once p3_write has gone.
  void say(NewsOfReader type, size_t place, uint64_t value = 0);

  /// to_poll() is what poll(2) is to watch. polled() acts on the answer and returns what p3_write
  /// has said, in order. Throws std::invalid_argument for a message of unknown type, and
  /// Failure(io).
  std::array<pollfd, 2> to_poll() const;
  std::vector<ControlMessage<NewsOfWriter>> polled(const std::array<pollfd, 2>& answer);

 private:
  void flush();
  void writer_has_gone();

  int link_;
  OwnedFd control_;          // its reading end
  OwnedFd control_to_open_;  // its writing end, until p3_write has opened it
  ControlParser<NewsOfWriter> parser_;
  std::string pending_;  // bytes for which the link had no room yet
  bool is_open_ = true;
};

}  // namespace rowsum
