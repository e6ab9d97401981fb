#include "p3_write/merge_and_write.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
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

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds beat(1000);

struct Source {
  OwnedFd file;  // closed for standard input
  StreamParser stream;
  uint32_t life = 0;
  bool is_new = true;  // nobody has looked whether its writer is still there
  bool is_over = false;
  bool was_quiet = false;  // it has been waited for since the last beat, and brought nothing

  int fd() const { return file.is_open() ? file.get() : STDIN_FILENO; }
  bool is_reading() const { return !is_over && stream.item() != StreamParser::Item::frame; }
};

Source open_source(const std::string& path, const std::string& name) {
  if (path == "-") return {OwnedFd(), StreamParser(name, Content::results)};
  OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::no_input, name);
  return {std::move(file), StreamParser(name, Content::results)};
}

/// Opens the FIFO of a life of a place. The launcher has opened it for writing before, and keeps it
/// so as long as the worker lives: without a writer now, the life is over already.
Source open_life(const WritePipeline& pipeline, size_t place, uint32_t life) {
  const std::string name = "out." + std::to_string(place) + "." + std::to_string(life);
  OwnedFd file(
      ::open((pipeline.directory + "/" + name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) throw Failure::silent(ExitStatus::neighbour_vanished);
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, name);
  return {std::move(file), StreamParser(name, Content::results), life};
}

class MergeLoop {
 public:
  explicit MergeLoop(const WriteOptions& options)
      : pipeline_(options.pipeline),
        control_(pipeline_ ? pipeline_->control : -1),
        merger_(pipeline_ ? pipeline_->places : options.streams.size()),
        writer_(options) {
    for (size_t place = 0; pipeline_ && place < pipeline_->places; ++place) {
      sources_.push_back(open_life(*pipeline_, place, 0));
    }
    for (const std::string& path : options.streams) {
      sources_.push_back(open_source(path, path == "-" ? "standard input" : path));
    }
  }

  ExitStatus run() {
    if (const Checkpoint* const checkpoint = writer_.checkpoint()) {
      say({ControlMessage::Type::row, 0, 0, checkpoint->state().row});
      say({ControlMessage::Type::begin, 0, 0, checkpoint->state().offset});
      send_control();
    }
    while (!is_over()) {
      wait();
      for (size_t i = 0; i < sources_.size(); ++i) {
        // poll(2) is silent about a FIFO whose last writer went before it was opened here.
        bool has_more = polled_[2 + i].revents != 0 || (pipeline_ && sources_[i].is_new);
        // A header tells how much follows it, and that is mostly there already.
        while (has_more) has_more = read(i) && pipeline_ && sources_[i].is_reading();
      }
      if (pipeline_) note_beat();
      write_what_is_due();
      send_control();
    }
    if (merger_.status() != ExitStatus::complete) {
      writer_.save_what_there_is();
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
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_beat_ - Clock::now());
    const bool has_new = std::any_of(sources_.begin(), sources_.end(),
                                     [](const Source& source) { return source.is_new; });
    const int at_most = has_new ? 0 : std::max(0, static_cast<int>(left.count()));
    poll_fds(polled_, pipeline_ ? at_most : -1);
    // Nobody reads: how a pipe and a socket say it.
    if (polled_[0].revents & (POLLERR | POLLHUP)) {
      throw Failure::silent(ExitStatus::downstream_closed);
    }
    if (polled_[1].revents & POLLERR) throw Failure::silent(ExitStatus::neighbour_vanished);
  }

  /// Returns whether something was there, so that more may be.
  bool read(size_t i) {
    Source& source = sources_[i];
    StreamParser& stream = source.stream;
    source.is_new = false;
    const ssize_t n = read_available(source.fd(), stream.space(), stream.name());
    if (n < 0) return false;
    source.was_quiet = false;
    const bool had_ended = stream.item() == StreamParser::Item::end;
    if (n == 0 && !had_ended && pipeline_) {
      begin_next_life(i);
      return sources_[i].is_new;
    }
    stream.filled(static_cast<size_t>(n));
    switch (stream.item()) {
      case StreamParser::Item::none:
        break;
      case StreamParser::Item::hello:
        check_belongs(i);
        tell(ControlMessage::Type::alive, i);
        merger_.hello(i, stream.name(), stream.hello());
        accept(stream.hello());
        stream.next();
        break;
      case StreamParser::Item::frame:
        merger_.head(i, stream.batch());
        tell(ControlMessage::Type::received, i, stream.batch().range.end);
        break;
      case StreamParser::Item::end:
        // In the launcher that was all: the file ends when the launcher gets to it.
        source.is_over = n == 0 || pipeline_;
        if (had_ended) break;
        tell(ControlMessage::Type::ended, i);
        merger_.end(i, stream.verdict());
        if (!stream.verdict().is_complete()) {
          tell(ControlMessage::Type::failed, i, static_cast<uint64_t>(stream.verdict().status));
        }
        break;
    }
    return true;
  }

  /// A worker that failed before it knew anything says nothing of its place either.
  void check_belongs(size_t place) const {
    const Source& source = sources_[place];
    const Hello& hello = source.stream.hello();
    if (!pipeline_ || hello.inputs.empty()) return;
    if (hello.place == place && hello.life == source.life) return;
    throw Failure(ExitStatus::bad_data, source.stream.name() + ": the stream of another worker");
  }

  /// With --resume p1_read begins when the first hello has shown what it reads.
  void accept(const Hello& hello) {
    Checkpoint* const checkpoint = writer_.checkpoint();
    if (!checkpoint || checkpoint->is_accepted() || hello.inputs.empty()) return;
    checkpoint->accept(hello);
    say({ControlMessage::Type::printed, 0, 0, hello.begin});
  }

  /// The worker at a place has gone before its time. What it had begun to say is dropped. The
  /// launcher makes the next FIFO before it lets go of the last one, so if there is none now, the
  /// worker is not replaced: a failure that the launcher knows of.
  void begin_next_life(size_t place) {
    Source& source = sources_[place];
    if (merger_.stopped(place)) {
      source.is_over = true;
      return;
    }
    Source next = open_life(*pipeline_, place, source.life + 1);
    ::unlink((pipeline_->directory + "/" + source.stream.name()).c_str());  // its writers are dead
    tell(ControlMessage::Type::over, place);  // only now, for it makes the new worker speak
    source = std::move(next);
  }

  void write_what_is_due() {
    const uint64_t before = merger_.position();
    while (const auto i = merger_.due()) {
      StreamParser& stream = sources_[*i].stream;
      writer_.write(stream, merger_.next_row());
      stream.next();
      merger_.written(*i);
      writer_.note_progress(merger_.position(), merger_.next_row());
    }
    if (merger_.position() != before) {
      say({ControlMessage::Type::printed, 0, 0, merger_.position()});
    }
  }

  /// Once a second, whom it was waited for in vain: just after all that is there has been read, for
  /// what came while this process waited for the reader of its output is not late. A beat that is
  /// late itself says nothing: this process was stopped, and the workers may have been, too.
  void note_beat() {
    const auto now = Clock::now();
    if (now < next_beat_) return;
    const bool is_late = now > next_beat_ + beat / 2;
    next_beat_ = now + beat;
    for (size_t place = 0; place < sources_.size(); ++place) {
      Source& source = sources_[place];
      if (source.is_reading() && source.was_quiet && !is_late) {
        tell(ControlMessage::Type::quiet, place);
      }
      source.was_quiet = source.is_reading();
    }
  }

  void tell(ControlMessage::Type type, size_t place, uint64_t value = 0) {
    say({type, static_cast<uint32_t>(place), sources_[place].life, value});
  }

  void say(const ControlMessage& message) {
    if (!pipeline_) return;
    encode(message, news_);
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

  std::optional<WritePipeline> pipeline_;
  int control_;
  std::deque<Source> sources_;
  Merger merger_;
  ResultWriter writer_;
  std::vector<pollfd> polled_;
  Clock::time_point next_beat_ = Clock::now() + beat;
  std::string news_;  // control messages to be sent in this round
};

}  // namespace

ExitStatus merge_and_write(const WriteOptions& options) {
  return MergeLoop(options).run();
}

}  // namespace rowsum
