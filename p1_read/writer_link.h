// What p1_read and p3_write tell each other while p1_read has workers (common/wire/control.h), at
// the end of p1_read. Its standard output is the link; the control is a pipe that it makes and that
// p3_write opens by its name in /proc. Nothing here waits: what the link has no room for waits
// here.
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

  /// Whether p3_write may still say something.
  bool is_open() const { return is_open_; }

  /// Does nothing once p3_write has gone.
  void say(NewsOfReader type, size_t place, uint64_t value = 0);

  /// What poll(2) is to watch, and what to do with its answer: what p3_write has said, in order.
  /// Throws std::invalid_argument for a message that there is not, and Failure(io).
  std::array<pollfd, 2> to_poll() const;
  std::vector<ControlMessage<NewsOfWriter>> polled(const std::array<pollfd, 2>& answer);

 private:
  void flush();
  void writer_has_gone();

  int link_;
  OwnedFd control_;          // read here
  OwnedFd control_to_open_;  // the other end, until p3_write has opened it
  ControlParser<NewsOfWriter> parser_;
  std::string pending_;  // bytes for which the link had no room yet
  bool is_open_ = true;
};

}  // namespace rowsum
