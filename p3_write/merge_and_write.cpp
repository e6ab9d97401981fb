#include "p3_write/merge_and_write.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "common/base/failure.h"
#include "common/io/owned_fd.h"
#include "common/io/read_write.h"
#include "common/wire/control.h"
#include "p3_write/merger.h"
#include "p3_write/result_writer.h"

namespace rowsum {

namespace {

struct Source {
  OwnedFd file;  // closed for standard input
  StreamParser stream;
  bool is_over = false;

  int fd() const { return file.is_open() ? file.get() : STDIN_FILENO; }
  bool is_reading() const { return !is_over && stream.item() != StreamParser::Item::frame; }
};

std::deque<Source> open_sources(const WriteOptions& options) {
  std::deque<Source> sources;
  const auto open = [&](const std::string& path, const std::string& name, int flags) {
    OwnedFd file;
    if (path != "-") file = OwnedFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (path != "-" && !file.is_open()) throw Failure::from_errno(ExitStatus::no_input, name);
    sources.push_back({std::move(file), StreamParser(name, Content::results)});
  };
  if (options.pipeline) {
    for (size_t place = 0; place < options.pipeline->places; ++place) {
      const std::string name = "out." + std::to_string(place) + ".0";
      open(options.pipeline->directory + "/" + name, name, O_NONBLOCK);
    }
  } else {
    for (const std::string& path : options.streams) {
      open(path, path == "-" ? "standard input" : path, 0);
    }
  }
  return sources;
}

class MergeLoop {
 public:
  explicit MergeLoop(const WriteOptions& options)
      : control_(options.pipeline ? options.pipeline->control : -1),
        sources_(open_sources(options)),
        merger_(sources_.size()),
        writer_(options) {}

  ExitStatus run() {
    while (!is_over()) {
      wait();
      for (size_t i = 0; i < sources_.size(); ++i) {
        if (polled_[2 + i].revents != 0) read(i);
      }
      write_what_is_due();
      send_control();
    }
    if (merger_.status() != ExitStatus::complete) {
      writer_.keep_rejects();
      throw Failure::silent(merger_.status());
    }
    return writer_.commit();
  }

 private:
  void wait() {
    polled_.assign({{writer_.output_fd(), 0, 0}, {control_, 0, 0}});
    for (const Source& source : sources_) {
      polled_.push_back({source.is_reading() ? source.fd() : -1, POLLIN, 0});
    }
    poll_fds(polled_);
    // Nobody reads: how a pipe and a socket say it.
    if (polled_[0].revents & (POLLERR | POLLHUP)) {
      throw Failure::silent(ExitStatus::downstream_closed);
    }
    if (polled_[1].revents & POLLERR) throw Failure::silent(ExitStatus::neighbour_vanished);
  }

  void read(size_t i) {
    Source& source = sources_[i];
    StreamParser& stream = source.stream;
    const ssize_t n = read_available(source.fd(), stream.space(), stream.name());
    if (n < 0) return;
    const bool had_ended = stream.item() == StreamParser::Item::end;
    stream.filled(static_cast<size_t>(n));
    switch (stream.item()) {
      case StreamParser::Item::none:
        break;
      case StreamParser::Item::hello:
        merger_.hello(i, stream.name(), stream.hello());
        stream.next();
        break;
      case StreamParser::Item::frame:
        merger_.head(i, stream.batch());
        tell(ControlMessage::Type::received, i, stream.batch().range.end);
        break;
      case StreamParser::Item::end:
        source.is_over = n == 0;
        if (had_ended) break;
        merger_.end(i, stream.verdict());
        if (!stream.verdict().is_complete()) {
          tell(ControlMessage::Type::failed, i, static_cast<uint64_t>(stream.verdict().status));
        }
        break;
    }
  }

  void write_what_is_due() {
    const uint64_t before = merger_.position();
    while (const auto i = merger_.due()) {
      StreamParser& stream = sources_[*i].stream;
      writer_.write(stream, merger_.next_row());
      stream.next();
      merger_.written(*i);
    }
    if (merger_.position() != before) tell(ControlMessage::Type::printed, 0, merger_.position());
  }

  void tell(ControlMessage::Type type, size_t place, uint64_t value) {
    if (control_ < 0) return;
    const uint32_t life = sources_[place].stream.hello().life;
    encode({type, static_cast<uint32_t>(place), life, value}, news_);
    if (news_.size() + control_message_size > PIPE_BUF) send_control();
  }

  void send_control() {
    try {
      write_all(control_, std::exchange(news_, {}), "control");
    } catch (const Failure& failure) {
      // Only who reads the output may be gone in peace; here it is p1_read.
      if (failure.status() != ExitStatus::downstream_closed) throw;
      throw Failure::silent(ExitStatus::neighbour_vanished);
    }
  }

  /// Also after the last end there must be nothing more than the end of each file.
  bool is_over() const {
    if (!merger_.is_over()) return false;
    return merger_.status() != ExitStatus::complete ||
           std::all_of(sources_.begin(), sources_.end(), [](const Source& s) { return s.is_over; });
  }

  int control_;
  std::deque<Source> sources_;
  Merger merger_;
  ResultWriter writer_;
  std::vector<pollfd> polled_;
  std::string news_;  // control messages to be sent in this round
};

}  // namespace

ExitStatus merge_and_write(const WriteOptions& options) {
  return MergeLoop(options).run();
}

}  // namespace rowsum
