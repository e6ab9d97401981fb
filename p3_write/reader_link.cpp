// SPDX-License-Identifier: MIT
#include "p3_write/reader_link.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/base/failure.h"
#include "common/io/descriptors.h"
#include "common/io/orphans.h"
#include "common/io/read_write.h"
#include "common/wire/frame.h"
#include "common/wire/stream_parser.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

namespace {

Failure vanished(const std::string& how) {
  return Failure(ExitStatus::neighbour_vanished, "p1_read " + how);
}

}  // namespace

StartedReader start_reader(const std::vector<std::string>& command) {
  auto [link, writing_end] = make_pipe();
  StartedReader reader{0, std::move(link), own_children()};
  // When this process dies, SIGCONT lets a stopped p1_read go on. Then p1_read ends its workers and
  // itself.
  reader.pid = start_process({.words = command,
                              .environment = own_environment(),
                              .in = STDIN_FILENO,
                              .out = writing_end.get(),
                              .signal_at_death = SIGCONT});
  // The writer of the input can notice that p1_read closes it only if this process has closed it,
  // too.
  const OwnedFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing.is_open()) ::dup2(nothing.get(), STDIN_FILENO);
  return reader;
}

ReaderLink::ReaderLink(StartedReader reader)
    : link_(std::move(reader.link)),
      reader_(reader.pid),
      children_before_(std::move(reader.children_before)) {
  make_non_blocking(link_.get(), "link");
  adopt_orphans();
}

ReaderLink::~ReaderLink() {
  try {
    finish();
  } catch (const std::exception&) {
    // The failure does not matter any more.
  }
}

void ReaderLink::finish() {
  if (!link_.is_open()) return;
  control_.close();
  link_.close();
  // A p1_read that is stopped could not end.
  if (reader_ > 0) ::kill(reader_, SIGCONT);
  const std::optional<Fate> fate = wait_for_reader();
  // If p1_read was killed, processes that its workers started are left.
  const std::string variable = std::string(worker_variable) + "=";
  const auto was_there_before = [this](pid_t pid) {
    return std::find(children_before_.begin(), children_before_.end(), pid) !=
           children_before_.end();
  };
  while (kill_orphans(variable, was_there_before)) ::poll(nullptr, 0, 1);
  if (fate && fate->was_killed) throw vanished(fate->describe());
}

std::vector<ControlMessage<NewsOfReader>> ReaderLink::hear() {
  std::vector<ControlMessage<NewsOfReader>> messages;
  std::array<char, 4096> into;
  // Reads until nothing is left, because a read(2) may be short.
  for (ssize_t n = 0; (n = read_available(link_.get(), into, "link")) >= 0;) {
    if (n == 0 && messages.empty()) reader_has_gone();
    if (n == 0) break;  // the messages so far come first
    const std::span<const char> bytes = std::span(into).first(static_cast<size_t>(n));
    if (!std::exchange(has_begun_, true) && bytes[0] == frame_first_byte) hear_failed_stream(bytes);
    for (const auto& message : parser_.feed(bytes)) messages.push_back(message);
  }
  return messages;
}

void ReaderLink::open_control(const ControlMessage<NewsOfReader>& message) {
  number_in_proc_ = message.place;
  control_ = open(message.value, O_WRONLY);
}

OwnedFd ReaderLink::open(uint64_t fd, int flags) {
  const std::string path = "/proc/" + std::to_string(number_in_proc_) + "/fd/" + std::to_string(fd);
  OwnedFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.is_open()) return file;
  const Failure failure =
      Failure::from_errno(ExitStatus::system, "cannot open a pipe of p1_read: " + path);
  // The files of a p1_read that is dying cannot be opened any more. Then the link is about to end.
  constexpr int patience_ms = 1000;
  pollfd end{link_.get(), 0, 0};
  poll_fds({&end, 1}, patience_ms);
  if (end.revents & POLLHUP) reader_has_gone();
  throw Failure(failure);
}

void ReaderLink::say(NewsOfWriter type, size_t place, uint64_t value) {
  encode(ControlMessage<NewsOfWriter>{type, static_cast<uint32_t>(place), value}, news_);
  if (news_.size() + control_message_size > PIPE_BUF) send();
}

void ReaderLink::send() {
  try {
    write_all(control_.get(), std::exchange(news_, {}), "control");
  } catch (const Failure& failure) {
    if (failure.status() != ExitStatus::downstream_closed) throw;
  }
}

bool ReaderLink::has_room() const {
  pollfd control{control_.get(), POLLOUT, 0};
  poll_fds({&control, 1}, 0);
  return control.revents == POLLOUT;
}

std::optional<Fate> ReaderLink::wait_for_reader() {
  if (reader_ == 0) return std::nullopt;
  return wait_for(std::exchange(reader_, 0));
}

void ReaderLink::reader_has_gone() {
  const std::optional<Fate> fate = wait_for_reader();
  if (!fate || (!fate->was_killed && fate->code == 0)) throw vanished("ended before its time");
  if (fate->was_killed) throw vanished(fate->describe());
  throw Failure::silent(static_cast<ExitStatus>(fate->code));
}

void ReaderLink::hear_failed_stream(std::span<const char> bytes) {
  StreamParser stream("p1_read", Content::batches);
  std::array<char, 4096> more;
  while (stream.item() != StreamParser::Item::end) {
    if (stream.item() != StreamParser::Item::none) stream.next();
    if (bytes.empty()) {
      bytes = std::span(more).first(read_some(link_.get(), more, "link"));
      if (bytes.empty()) reader_has_gone();
    }
    const std::span<char> into = stream.space();
    const size_t n = std::min(into.size(), bytes.size());
    std::copy_n(bytes.begin(), n, into.begin());
    bytes = bytes.subspan(n);
    stream.filled(n);
  }
  throw Failure::silent(stream.verdict().status);
}

}  // namespace rowsum
