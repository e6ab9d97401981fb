// SPDX-License-Identifier: MIT
#include "p1_read/writer_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <tuple>

#include "common/base/failure.h"
#include "common/io/descriptors.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

/// The number of this process in /proc. It differs from that of getpid(2) in a PID namespace that
/// shows the /proc of another one.
size_t number_in_proc() {
  char number[32] = {};
  if (::readlink("/proc/self", number, sizeof number - 1) <= 0) {
    throw Failure::from_errno(ExitStatus::system, "/proc/self");
  }
  return std::strtoul(number, nullptr, 10);
}

}  // namespace

WriterLink::WriterLink(int link) : link_(link) {
  std::tie(control_, control_to_open_) = make_pipe();
  make_non_blocking(link_, "link");
}

void WriterLink::open() {
  say(NewsOfReader::control, number_in_proc(), static_cast<uint64_t>(control_to_open_.get()));
}

void WriterLink::say(NewsOfReader type, size_t place, uint64_t value) {
  if (!is_open_) return;
  encode(ControlMessage<NewsOfReader>{type, static_cast<uint32_t>(place), value}, pending_);
  flush();
}

std::array<pollfd, 2> WriterLink::to_poll() const {
  const int16_t for_link = pending_.empty() ? 0 : POLLOUT;
  return {pollfd{is_open_ ? control_.get() : -1, POLLIN, 0},
          pollfd{is_open_ ? link_ : -1, for_link, 0}};
}

std::vector<ControlMessage<NewsOfWriter>> WriterLink::polled(const std::array<pollfd, 2>& answer) {
  std::vector<ControlMessage<NewsOfWriter>> messages;
  if (answer[0].revents != 0) {
    std::array<char, 4096> bytes;
    const size_t n = read_some(control_.get(), bytes, "control");
    messages = parser_.feed(std::span(bytes).first(n));
    is_open_ = n > 0;
    // p3_write has opened the control. From now on, the control ends when p3_write ends.
    control_to_open_.close();
  }
  if (answer[1].revents & POLLERR) writer_has_gone();
  if (answer[1].revents & POLLOUT) flush();
  return messages;
}

void WriterLink::flush() {
  try {
    pending_.erase(0, write_available(link_, pending_, "link"));
  } catch (const Failure& failure) {
    if (failure.status() != ExitStatus::downstream_closed) throw;
    writer_has_gone();
  }
}

/// p3_write has gone. What it has said before can still be read from the control, which then ends.
void WriterLink::writer_has_gone() {
  control_to_open_.close();
  pending_.clear();
}

}  // namespace rowsum
