// SPDX-License-Identifier: MIT
#include "p3_write/merge_and_write.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "common/base/failure.h"
#include "common/base/resources.h"
#include "common/io/descriptors.h"
#include "common/io/owned_fd.h"
#include "common/io/read_write.h"
#include "common/io/result_ring.h"
#include "common/io/trace_file.h"
#include "common/wire/stream_parser.h"
#include "p3_write/merger.h"
#include "p3_write/part_streams.h"
#include "p3_write/progress.h"
#include "p3_write/reader_link.h"

namespace rowsum {

namespace {

struct Source {
  OwnedFd file;  // closed for standard input
  StreamParser stream;
  std::optional<Hello> hello = std::nullopt;      // of a part, as it was found in the file
  std::optional<ResultRing> ring = std::nullopt;  // for the lines of results
  bool is_vacant = false;
  bool is_over = false;
  bool was_heard = false;        // bytes have come since the last probe
  std::string header_line = {};  // of the output, which comes before the first result

  int fd() const { return file.is_open() ? file.get() : STDIN_FILENO; }
  bool is_reading() const {
    return !is_vacant && !is_over && stream.item() != StreamParser::Item::frame;
  }
};

/// With --unordered: how many parts of the input, with gaps between them, may be written ahead of
/// their turn. To remember them takes 5 MiB.
constexpr size_t most_ahead = 1 << 16;

constexpr TraceLane own_lane{TraceProcess::p3_write};

std::string name_of(size_t place) {
  return "out." + std::to_string(place);
}

StreamParser new_stream(size_t place) {
  return StreamParser(name_of(place), Content::results);
}

Source open_source(const std::string& path) {
  if (path == "-") return {OwnedFd(), StreamParser("standard input", Content::results)};
  return {open_stream(path), StreamParser(path, Content::results)};
}

class MergeLoop {
 public:
  MergeLoop(const WriteOptions& options, std::unique_ptr<ResultOutput>& output)
      : options_(options),
        parts_(find_parts(options.streams)),
        merger_(new_merger(options.streams.size())),
        output_(open_output(output)) {
    progress_.show(options.progress, output_.may_be_seen());
    for (const auto& message : first_news_) accept(message);
    if (reader_) reader_->send();
  }

  ~MergeLoop() {
    if (reader_) say_farewell();
  }

  ExitStatus run() {
    if (parts_) {
      merge_parts(*parts_);
    } else {
      for (const std::string& path : options_.streams) sources_.push_back(open_source(path));
      merge();
    }
    return output_.commit();
  }

 private:
  /// One part after the other, so that only the streams of one part are open at a time.
  void merge_parts(const Parts& parts) {
    const Hello whole = parts.whole();
    accept(whole);
    Merger::Place end;
    for (const Parts::Streams& streams : parts.in_order()) {
      merger_ = new_merger(streams.size(), end);
      sources_.clear();
      for (const PartStream& stream : streams) {
        sources_.push_back(open_source(stream.name));
        sources_.back().hello = stream.hello;
      }
      merge();
      end = {merger_.position(), merger_.next_row()};
    }
    if (end.offset != whole.end) {
      throw Failure(ExitStatus::bad_data, "the parts end at byte " + std::to_string(end.offset) +
                                              " of a file of " + std::to_string(whole.end));
    }
  }

  Merger new_merger(size_t streams, std::optional<Merger::Place> begin = std::nullopt) const {
    return Merger(streams, options_.unordered ? most_ahead : 0, begin);
  }

  void merge() {
    while (!is_over()) {
      wait();
      if (reader_) hear_reader();
      for (size_t i = 0; i < sources_.size(); ++i) {
        bool has_more = is_readable(i);
        // A header tells how many bytes follow it, and usually these have come already.
        while (has_more) has_more = read(i) && reader_ && sources_[i].is_reading();
      }
      if (reader_) answer_probes();
      write_what_is_due();
      progress_.tick();
      // All that p1_read is to hear goes in one write, for which it wakes up once.
      if (reader_) reader_->send();
    }
    if (merger_.status() != ExitStatus::complete) {
      output_.save_what_there_is();
      // Workers may have noticed the death of p1_read before this process did. Then finish() throws
      // a Failure that tells how p1_read ended.
      const bool has_lost = merger_.status() == ExitStatus::neighbour_vanished;
      if (reader_ && has_lost) reader_->finish();
      throw Failure::silent(merger_.status());
    }
  }

  /// Before the output is opened, p1_read has opened its input, or has failed.
  ResultOutput& open_output(std::unique_ptr<ResultOutput>& output) {
    if (!options_.reader.empty()) open_link();
    output = open_result_output(options_);
    return *output;
  }

  void open_link() {
    if (!options_.trace.empty()) open_trace(options_.trace);
    raise_descriptor_limit();  // there is one for every place
    reader_.emplace(start_reader(options_.reader));
    pollfd link{reader_->fd(), POLLIN, 0};
    poll_fds({&link, 1});
    first_news_ = reader_->hear();
  }

  void open_trace(const std::string& path) {
    trace_.emplace(TraceFile::create(path));
    trace_->name(own_lane.process, "p3_write");
    trace_->name(own_lane, "p3_write");
  }

  /// The time for the trace. Without one, nobody looks at it.
  TraceFile::Time now() const { return trace_ ? TraceFile::Clock::now() : TraceFile::Time(); }

  void wait() {
    polled_.assign({{output_.fd(), 0, 0}, {reader_ ? reader_->fd() : -1, POLLIN, 0}});
    for (const Source& source : sources_) {
      polled_.push_back({source.is_reading() ? source.fd() : -1, POLLIN, 0});
    }
    const TraceFile::Time begin = now();
    poll_fds(polled_, progress_.time_left());
    if (trace_) trace_->wait(own_lane, "waiting", begin, now(), {{"byte", merger_.position()}});
    // The output has no reader any more: a pipe reports POLLERR, and a socket POLLHUP.
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
        if (const Checkpoint* const checkpoint = output_.checkpoint()) {
          reader_->say(NewsOfWriter::row, 0, checkpoint->state().row);
          reader_->say(NewsOfWriter::begin, 0, checkpoint->state().offset);
        }
        break;
      case NewsOfReader::results: {
        Source& source = source_of(place);
        source.ring.emplace(reader_->open(message.value, O_RDWR).get());
        source.stream.use_ring(*source.ring);
        break;
      }
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
      case NewsOfReader::rows:
        rows_dealt_ = message.value;
        break;
      case NewsOfReader::total:
        end_ = {ExitStatus::complete, message.value, rows_dealt_};
        break;
    }
  }

  Source& source_of(size_t place) {
    while (sources_.size() <= place) {
      sources_.push_back({OwnedFd(), new_stream(sources_.size())});
      sources_.back().is_vacant = true;
    }
    merger_.expect(place);
    return sources_[place];
  }

  /// To be called when all that has come has been read.
  void answer_probes() {
    for (const size_t place : std::exchange(probed_, {})) {
      Source& source = sources_.at(place);
      const bool is_quiet = source.is_reading() && !source.was_heard;
      reader_->say(is_quiet ? NewsOfWriter::quiet : NewsOfWriter::heard, place);
      source.was_heard = false;
    }
  }

  /// Says what p1_read cannot know of this process, before the control is closed.
  void say_farewell() {
    const Resources taken = resources_of_this_process();
    try {
      if (!reader_->has_room()) return;
      reader_->say(NewsOfWriter::rejects, 0, output_.rejects());
      reader_->say(NewsOfWriter::cpu, 0, taken.cpu_microseconds);
      reader_->say(NewsOfWriter::memory, 0, taken.peak_memory);
      reader_->send();
    } catch (const std::exception&) {
      // What p1_read does not hear is not in its table.
    }
  }

  void tell(NewsOfWriter type, size_t place, uint64_t value = 0) {
    if (reader_) reader_->say(type, place, value);
  }

  // --- Streams --------------------------------------------------------------------------------

  /// Reads from a stream once. Returns whether something was there, so that there may be more.
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
    // Before p1_read gave this worker a batch, it started every worker that has earlier ones, and
    // said so on the link. The merger has to know of these streams before it sees this one.
    if (reader_ && stream.item() != StreamParser::Item::none) hear_reader();
    accept_item(i, n == 0, had_ended);
    return true;
  }

  void accept_item(size_t i, bool is_end_of_file, bool had_ended) {
    Source& source = sources_[i];
    StreamParser& stream = source.stream;
    switch (stream.item()) {
      case StreamParser::Item::none:
      case StreamParser::Item::chunk:  // this and the next never come in a stream of results
      case StreamParser::Item::input:
        break;
      case StreamParser::Item::hello:
        check_belongs(i);
        tell(NewsOfWriter::alive, i, stream.hello().shared.fd < 0 ? 1 : 0);
        merger_.hello(i, stream.name(), stream.hello());
        accept(stream.hello());
        stream.next();
        break;
      case StreamParser::Item::header:
        source.header_line = stream.text();
        stream.next();
        break;
      case StreamParser::Item::frame:
        merger_.head(i, stream.batch());
        tell(NewsOfWriter::received, i, stream.batch().range.end);
        break;
      case StreamParser::Item::end:
        // After a p1_read with workers nothing more is expected, even if a process keeps the pipe
        // open.
        source.is_over = is_end_of_file || reader_;
        if (had_ended) break;
        check_end(i);
        tell(NewsOfWriter::ended, i);
        merger_.end(i, stream.verdict());
        if (!stream.verdict().is_complete()) {
          tell(NewsOfWriter::failed, i, static_cast<uint64_t>(stream.verdict().status));
        }
        break;
    }
  }

  /// Throws if the stream is that of another place, or not that of the part which was found in its
  /// file. A worker that failed before it got its hello does not know its place.
  void check_belongs(size_t place) const {
    const StreamParser& stream = sources_[place].stream;
    const std::optional<Hello>& expected = sources_[place].hello;
    if (expected && *expected != stream.hello()) {
      throw Failure(ExitStatus::bad_data, stream.name() + ": it was replaced during the run");
    }
    if (!reader_ || stream.hello().inputs.empty() || stream.hello().place == place) return;
    throw Failure(ExitStatus::bad_data, stream.name() + ": the stream of another worker");
  }

  /// A worker that ends its stream early must not be believed: then rows would be missing.
  void check_end(size_t place) const {
    const StreamParser& stream = sources_[place].stream;
    if (!reader_ || !stream.verdict().is_complete() || end_ == stream.verdict()) return;
    throw Failure(ExitStatus::bad_data, stream.name() + ": ends at byte " +
                                            std::to_string(stream.verdict().total) +
                                            ", where the input does not end");
  }

  /// With --resume, p1_read begins to deal when the first hello has shown which input it reads.
  void accept(const Hello& hello) {
    Checkpoint* const checkpoint = output_.checkpoint();
    if (!hello.inputs.empty()) {
      output_.begin(hello);
      progress_.begin(hello.begin, hello.end, checkpoint ? checkpoint->state().row : 0);
    }
    if (!checkpoint || checkpoint->is_accepted() || hello.inputs.empty()) return;
    checkpoint->accept(hello);
    tell(NewsOfWriter::printed, 0, hello.begin);
  }

  /// The stream of a place is lost. Drops what the worker had begun to send, and tells p1_read.
  void note_loss(size_t place) {
    Source& source = sources_[place];
    source.is_vacant = true;
    progress_.lost_worker();
    source.stream = new_stream(place);
    if (source.ring) source.stream.use_ring(*source.ring);
    tell(NewsOfWriter::lost, place);
  }

  void write_what_is_due() {
    const uint64_t before = merger_.position();
    while (const auto i = merger_.due()) {
      StreamParser& stream = sources_[*i].stream;
      const Batch batch = stream.batch();
      const TraceFile::Time begin = now();
      progress_.make_way();
      output_.write_header_line(stream, std::exchange(sources_[*i].header_line, ""));
      const uint64_t rejects = output_.write(stream, merger_.first_row(*i));
      if (trace_) note_writing(batch.range, begin);
      stream.next();
      merger_.written(*i);
      output_.note_progress(merger_.position(), merger_.next_row());
      progress_.add(batch.range.size(), batch.rows, rejects);
      progress_.tick();
    }
    if (merger_.position() != before) tell(NewsOfWriter::printed, 0, merger_.position());
  }

  void note_writing(const Range& range, TraceFile::Time begin) {
    trace_->bar(own_lane, "writing", begin, now(), {{"begin", range.begin}, {"end", range.end}});
  }

  bool is_over() const {
    // When everything has been written, it does not matter any more how the workers end.
    if (reader_ && merger_.has_everything()) return true;
    if (!merger_.is_over()) return false;
    // After the last stream has ended, only the end of each file may come.
    return merger_.status() != ExitStatus::complete ||
           std::all_of(sources_.begin(), sources_.end(), [](const Source& s) { return s.is_over; });
  }

  static constexpr size_t first_polled = 2;  // where the entries of the sources begin
  static constexpr int pipe_flags = O_RDONLY | O_NONBLOCK;

  const WriteOptions& options_;
  std::optional<Parts> parts_;
  std::optional<TraceFile> trace_;
  std::optional<ReaderLink> reader_;
  std::vector<ControlMessage<NewsOfReader>> first_news_;
  std::deque<Source> sources_;
  Merger merger_;
  ResultOutput& output_;
  std::vector<pollfd> polled_;
  uint64_t rows_dealt_ = 0;
  std::optional<Verdict> end_;  // of the input, once p1_read has dealt all of it
  std::vector<size_t> probed_;  // places whose probes are to be answered
  Progress progress_;           // answers SIGUSR1 from now on
};

}  // namespace

ExitStatus merge_and_write(const WriteOptions& options, std::unique_ptr<ResultOutput>& output) {
  return MergeLoop(options, output).run();
}

}  // namespace rowsum
