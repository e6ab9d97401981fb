#include "p3_write/merge_and_write.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "common/base/failure.h"
#include "common/io/owned_fd.h"
#include "common/io/read_write.h"
#include "common/wire/stream_parser.h"
#include "p3_write/merger.h"
#include "p3_write/reader_link.h"
#include "p3_write/result_writer.h"

namespace rowsum {

namespace {

struct Source {
  OwnedFd file;  // closed for standard input
  StreamParser stream;
  bool is_vacant = false;
  bool is_over = false;
  bool was_heard = false;  // bytes have come since the last probe

  int fd() const { return file.is_open() ? file.get() : STDIN_FILENO; }
  bool is_reading() const {
    return !is_vacant && !is_over && stream.item() != StreamParser::Item::frame;
  }
};

std::string name_of(size_t place) {
  return "out." + std::to_string(place);
}

StreamParser new_stream(size_t place) {
  return StreamParser(name_of(place), Content::results);
}

Source open_source(const std::string& path) {
  if (path == "-") return {OwnedFd(), StreamParser("standard input", Content::results)};
  OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::no_input, path);
  return {std::move(file), StreamParser(path, Content::results)};
}

/// p1_read is the parent of the workers, and this the one of p1_read: each has a descriptor for
/// every place.
void allow_many_descriptors() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class MergeLoop {
 public:
  explicit MergeLoop(const WriteOptions& options)
      : merger_(options.streams.size()), writer_(open_writer(options)) {
    for (const std::string& path : options.streams) sources_.push_back(open_source(path));
  }

  ExitStatus run() {
    while (!is_over()) {
      wait();
      if (reader_) hear_reader();
      for (size_t i = 0; i < sources_.size(); ++i) {
        bool has_more = is_readable(i);
        // A header tells how much follows it, and that is mostly there already.
        while (has_more) has_more = read(i) && reader_ && sources_[i].is_reading();
      }
      if (reader_) {
        answer_probes();
        // What has been received is not to wait for the reader of the output.
        reader_->send();
      }
      write_what_is_due();
      if (reader_) reader_->send();
    }
    if (merger_.status() != ExitStatus::complete) {
      writer_.save_what_there_is();
      // Workers may have noticed the death of p1_read before this process did.
      const bool has_lost = merger_.status() == ExitStatus::neighbour_vanished;
      if (reader_ && has_lost) reader_->finish();
      throw Failure::silent(merger_.status());
    }
    return writer_.commit();
  }

 private:
  /// Before the output is touched p1_read is there, or has said why it is not.
  ResultWriter open_writer(const WriteOptions& options) {
    if (options.reader.empty()) return ResultWriter(options);
    allow_many_descriptors();
    reader_.emplace(start_reader(options.reader));
    return ResultWriter(options);
  }

  void wait() {
    polled_.assign({{writer_.output_fd(), 0, 0}, {reader_ ? reader_->fd() : -1, POLLIN, 0}});
    for (const Source& source : sources_) {
      polled_.push_back({source.is_reading() ? source.fd() : -1, POLLIN, 0});
    }
    poll_fds(polled_);
    // Nobody reads: how a pipe and a socket say it.
    if (polled_[0].revents & (POLLERR | POLLHUP)) {
      throw Failure::silent(ExitStatus::downstream_closed);
    }
  }

  bool is_readable(size_t i) const {
    return first_polled + i < polled_.size() && polled_[first_polled + i].revents != 0;
  }

  // --- p1_read --------------------------------------------------------------------------------

  void hear_reader() {
    for (const auto& message : reader_->hear()) accept(message);
  }

  void accept(const ControlMessage<NewsOfReader>& message) {
    const size_t place = message.place;
    switch (message.type) {
      case NewsOfReader::control:
        reader_->open_control(message);
        reader_->say(NewsOfWriter::ready);
        if (const Checkpoint* const checkpoint = writer_.checkpoint()) {
          reader_->say(NewsOfWriter::row, 0, checkpoint->state().row);
          reader_->say(NewsOfWriter::begin, 0, checkpoint->state().offset);
        }
        break;
      case NewsOfReader::started: {
        Source& source = source_of(place);
        if (!source.file.is_open()) source.file = reader_->open(message.value, pipe_flags);
        source.is_vacant = false;
        break;
      }
      case NewsOfReader::probe:
        probed_.push_back(place);
        break;
      case NewsOfReader::gone:
        source_of(place).is_over = true;
        merger_.end(place, {static_cast<ExitStatus>(message.value), 0, 0});
        break;
    }
  }

  Source& source_of(size_t place) {
    while (sources_.size() <= place) {
      sources_.push_back({OwnedFd(), new_stream(sources_.size()), true});
    }
    merger_.expect(place);
    return sources_[place];
  }

  /// All that has come has just been read.
  void answer_probes() {
    for (const size_t place : std::exchange(probed_, {})) {
      Source& source = sources_.at(place);
      const bool is_quiet = source.is_reading() && !source.was_heard;
      reader_->say(is_quiet ? NewsOfWriter::quiet : NewsOfWriter::heard, place);
      source.was_heard = false;
    }
  }

  void tell(NewsOfWriter type, size_t place, uint64_t value = 0) {
    if (reader_) reader_->say(type, place, value);
  }

  // --- Streams --------------------------------------------------------------------------------

  /// Returns whether something was there, so that more may be.
  bool read(size_t i) {
    Source& source = sources_[i];
    StreamParser& stream = source.stream;
    const ssize_t n = read_available(source.fd(), stream.space(), stream.name());
    if (n < 0) return false;
    source.was_heard = true;
    const bool had_ended = stream.item() == StreamParser::Item::end;
    if (n == 0 && !had_ended && reader_) {
      note_loss(i);
      return false;
    }
    stream.filled(static_cast<size_t>(n));
    // A stream that begins earlier in the input has been started before this one was given what it
    // returns; so p1_read has said it, and it must be known now.
    if (reader_ && stream.item() != StreamParser::Item::none) hear_reader();
    accept_item(i, n == 0, had_ended);
    return true;
  }

  void accept_item(size_t i, bool is_end_of_file, bool had_ended) {
    Source& source = sources_[i];
    StreamParser& stream = source.stream;
    switch (stream.item()) {
      case StreamParser::Item::none:
        break;
      case StreamParser::Item::hello:
        check_belongs(i);
        tell(NewsOfWriter::alive, i);
        merger_.hello(i, stream.name(), stream.hello());
        accept(stream.hello());
        stream.next();
        break;
      case StreamParser::Item::frame:
        merger_.head(i, stream.batch());
        tell(NewsOfWriter::received, i, stream.batch().range.end);
        break;
      case StreamParser::Item::end:
        // After p1_read that was all, whatever else keeps the pipe open.
        source.is_over = is_end_of_file || reader_;
        if (had_ended) break;
        tell(NewsOfWriter::ended, i);
        merger_.end(i, stream.verdict());
        if (!stream.verdict().is_complete()) {
          tell(NewsOfWriter::failed, i, static_cast<uint64_t>(stream.verdict().status));
        }
        break;
    }
  }

  /// A worker that failed before it knew anything says nothing of its place either.
  void check_belongs(size_t place) const {
    const StreamParser& stream = sources_[place].stream;
    if (!reader_ || stream.hello().inputs.empty() || stream.hello().place == place) return;
    throw Failure(ExitStatus::bad_data, stream.name() + ": the stream of another worker");
  }

  /// With --resume p1_read begins when the first hello has shown what it reads.
  void accept(const Hello& hello) {
    Checkpoint* const checkpoint = writer_.checkpoint();
    if (!checkpoint || checkpoint->is_accepted() || hello.inputs.empty()) return;
    checkpoint->accept(hello);
    tell(NewsOfWriter::printed, 0, hello.begin);
  }

  /// What the worker had begun to say is dropped.
  void note_loss(size_t place) {
    Source& source = sources_[place];
    source.is_vacant = true;
    source.stream = new_stream(place);
    tell(NewsOfWriter::lost, place);
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
    if (merger_.position() != before) tell(NewsOfWriter::printed, 0, merger_.position());
  }

  bool is_over() const {
    // When all is written it does not matter any more how the workers end.
    if (reader_ && merger_.has_everything()) return true;
    if (!merger_.is_over()) return false;
    // After the last end there must be nothing more than the end of each file.
    return merger_.status() != ExitStatus::complete ||
           std::all_of(sources_.begin(), sources_.end(), [](const Source& s) { return s.is_over; });
  }

  static constexpr size_t first_polled = 2;  // of the sources
  static constexpr int pipe_flags = O_RDONLY | O_NONBLOCK;

  std::optional<ReaderLink> reader_;
  std::deque<Source> sources_;
  Merger merger_;
  ResultWriter writer_;
  std::vector<pollfd> polled_;
  std::vector<size_t> probed_;  // places, to be answered
};

}  // namespace

ExitStatus merge_and_write(const WriteOptions& options) {
  return MergeLoop(options).run();
}

}  // namespace rowsum
