#include "p3_write/reader_link.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/base/failure.h"
#include "common/io/orphans.h"
#include "common/io/read_write.h"
#include "common/wire/frame.h"
#include "common/wire/stream_parser.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

namespace {

Failure killed(int signal) {
  // A signal from the terminal goes to all processes of a run. It may have come while this process
  // was still the shell of the launcher, which has lost it.
  if (signal == SIGINT || signal == SIGQUIT || signal == SIGHUP) ::raise(signal);
  const char* const name = ::sigabbrev_np(signal);
  return Failure(
      ExitStatus::neighbour_vanished,
      "p1_read was killed by signal " + std::to_string(signal) + " (" + (name ? name : "?") + ")");
}

}  // namespace

ReaderLink::ReaderLink(int link, pid_t reader) : link_(link), reader_(reader) {
  make_non_blocking(link_, "link");
  adopt_orphans();
}

ReaderLink::~ReaderLink() {
  try {
    finish();
  } catch (const Failure&) {
    // It matters no more.
  }
}

void ReaderLink::finish() {
  if (link_ < 0) return;
  control_.close();
  ::close(std::exchange(link_, -1));
  const std::optional<int> status = wait_for_reader();
  // A p1_read that was killed has left what its workers had started.
  const std::string variable = std::string(worker_variable) + "=";
  while (kill_orphans(variable, [](pid_t) { return false; })) ::poll(nullptr, 0, 1);
  if (status && WIFSIGNALED(*status)) throw killed(WTERMSIG(*status));
}

std::vector<ControlMessage<NewsOfReader>> ReaderLink::hear() {
  std::vector<ControlMessage<NewsOfReader>> messages;
  std::array<char, 4096> into;
  // All of it: a read(2) may be short.
  for (ssize_t n = 0; (n = read_available(link_, into, "link")) >= 0;) {
    if (n == 0 && messages.empty()) reader_has_gone();
    if (n == 0) break;  // what has been said comes first
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
  const Failure failure = Failure::from_errno(ExitStatus::system, path);
  // A p1_read that is just dying cannot be looked at any more; the end of the link is about to
  // come.
  constexpr int patience_ms = 1000;
  pollfd end{link_, 0, 0};
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

std::optional<int> ReaderLink::wait_for_reader() {
  const pid_t reader = std::exchange(reader_, 0);
  if (reader == 0) return std::nullopt;
  int status = 0;
  pid_t found = 0;
  while ((found = ::waitpid(reader, &status, 0)) < 0 && errno == EINTR) {
  }
  return found > 0 ? std::optional(status) : std::nullopt;
}

void ReaderLink::reader_has_gone() {
  const std::optional<int> status = wait_for_reader();
  if (status && WIFSIGNALED(*status)) throw killed(WTERMSIG(*status));
  if (status && WIFEXITED(*status) && WEXITSTATUS(*status) != 0) {
    throw Failure::silent(static_cast<ExitStatus>(WEXITSTATUS(*status)));
  }
  throw Failure(ExitStatus::neighbour_vanished, "p1_read ended before its time");
}

void ReaderLink::hear_failed_stream(std::span<const char> bytes) {
  StreamParser stream("p1_read", Content::batches);
  std::array<char, 4096> more;
  while (stream.item() != StreamParser::Item::end) {
    if (stream.item() != StreamParser::Item::none) stream.next();
    if (bytes.empty()) {
      bytes = std::span(more).first(read_some(link_, more, "link"));
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
