// SPDX-License-Identifier: MIT
#include "common/worker/conversation.h"

#include <fcntl.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "common/wire/control.h"
#include "common/wire/scanned_chunk.h"
#include "common/wire/shared_text.h"
#include "common/wire/stream_parser.h"
#include "common/wire/worker_variable.h"
#include "common/worker/column_names.h"
#include "common/worker/reasons.h"
#include "common/worker/selected_fields.h"

namespace rowsum {

namespace {

/// Gets the text of batches, which follows their headers or lies in a file that the hello or an
/// input names.
class TextSource {
 public:
  /// `shared`: where the text lies, if this process can read it there.
  TextSource(const Hello& hello, const Shared& shared)
      : hello_(hello), shared_(shared), has_file_(shared.fd >= 0) {}

  /// The text lies in the file of the input that the stream shows, from now on.
  void use_input(const StreamParser& stream) {
    const FrameHeader& header = stream.header();
    file_ = open_input_of_parent(header.where, hello_.inputs[header.input]);
    shared_.use(file_.get(), header.range.begin);
    has_file_ = true;
  }

  /// `room`: memory to read the text into; empty: any.
  std::string_view text(const StreamParser& stream, const Batch& batch, std::span<char> room) {
    const FrameHeader& header = stream.header();
    if (!(header.flags & text_is_shared)) return stream.text();
    require_file(stream);
    const std::string& input = hello_.inputs[batch.input];
    const std::string_view text =
        room.empty() ? shared_.of(batch, input) : shared_.read_into(room, batch, input);
    if (header.flags & has_checksum && payload_checksum("", text) != header.checksum) {
      throw Failure(ExitStatus::bad_data,
                    input + ": " + describe(batch.range) +
                        " are not what p1_read has read: the input changed while it was read");
    }
    return text;
  }

  /// Reads the chunk that the stream shows, and returns its outline. If the chunk cannot be read,
  /// this is no failure of the worker: the outline is of fewer bytes, and p1_read reads the chunk
  /// itself and reports why it cannot be read.
  ScannedChunk scan(const StreamParser& stream) {
    require_file(stream);
    const FrameHeader& header = stream.header();
    ScannedChunk chunk{hello_.place, header.range.begin, Outline(), 0};
    try {
      const std::string_view text = shared_.chunk(header.range, hello_.inputs[header.input]);
      chunk.outline = Outline::of(text, hello_.dialect);
      if (header.flags & wants_checksum) chunk.checksum = payload_checksum("", text);
    } catch (const Failure&) {
    }
    return chunk;
  }

 private:
  void require_file(const StreamParser& stream) const {
    if (has_file_) return;
    throw Failure(ExitStatus::bad_data, stream.name() + ": a batch without its text");
  }

  const Hello& hello_;
  SharedText shared_;
  bool has_file_;
  OwnedFd file_;  // of an input
};

/// Whether this process has inherited the descriptor of the text. A worker on another machine, or
/// in an environment of its own, has no such variable.
bool can_read(const Shared& shared) {
  return std::getenv(worker_variable) != nullptr && ::fcntl(shared.fd, F_GETFD) >= 0;
}

/// Processes that this one starts are not to have a descriptor that was inherited for this one.
void keep_from_children(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// Without address space for the ring, the lines go through the pipe.
void use_ring(uint32_t descriptor, std::optional<ResultRing>& ring, StreamWriter& out) {
  keep_from_children(static_cast<int>(descriptor));
  try {
    ring.emplace(static_cast<int>(descriptor));
    out.use_ring(*ring);
  } catch (const Failure&) {
  }
}

/// Reads into stream.space(), and returns how many bytes came. The caller has to pass that number
/// to stream.filled().
size_t read_more(int in, StreamParser& stream, const StreamWriter& out) {
  wait_readable(in, std::array{out.fd()});
  return read_some(in, stream.space(), stream.name());
}

// If a file shrinks while it is read, its text has NULs in it: where a page was cut off on its way
// through the pipe, and where p1_read fills up what it could not read any more. Then p1_read
// reports that and ends its stream with a failure, which has to be passed on silently. (Text that
// is sent by reference does not go through the pipe, and p1_read goes on only when it has an
// answer.)

/// Whether the last byte, which came through the pipe, may come from such a file.
bool may_be_cut_short(const FrameHeader& header, std::string_view text) {
  return !(header.flags & text_is_shared) && text.ends_with('\0');
}

/// To be called if the batch that the stream shows has `rows` rows and p1_read counted another
/// number.
[[noreturn]] void give_up(int in, StreamParser& stream, std::string_view text, uint64_t rows,
                          StreamWriter& out) {
  const Batch batch = stream.batch();
  const Failure changed(ExitStatus::bad_data,
                        stream.hello().inputs[batch.input] + ": " + describe(batch.range) +
                            " hold " + std::to_string(rows) + " rows and not " +
                            std::to_string(batch.rows) + ": the input changed while it was read");
  const bool is_shared = stream.header().flags & text_is_shared;
  if (is_shared || text.find('\0') == text.npos) throw Failure(changed);
  while (stream.item() != StreamParser::Item::end) {
    if (stream.item() != StreamParser::Item::none) stream.next();
    const size_t n = read_more(in, stream, out);
    if (n == 0) throw Failure(changed);
    stream.filled(n);
  }
  if (stream.verdict().is_complete()) throw Failure(changed);
  out.end(stream.verdict());
  throw Failure::silent(stream.verdict().status);
}

/// Whether p1_read could not read all of the last batch, which may be cut short. What follows in
/// the stream shows it. It comes at once, because a batch that does not end with a row end is the
/// last one of its input.
bool is_cut_short(int in, StreamParser& stream, const StreamWriter& out) {
  while (stream.item() == StreamParser::Item::none) stream.filled(read_more(in, stream, out));
  return stream.item() == StreamParser::Item::end && !stream.verdict().is_complete();
}

class Conversation {
 public:
  Conversation(int in, const std::string& name, StreamWriter& out, const MakeAnswerer& make)
      : in_(in), out_(out), make_answerer_(make), stream_(name, Content::batches) {}

  ExitStatus run() {
    while (stream_.item() != StreamParser::Item::end) {
      take_item();
      if (stream_.item() == StreamParser::Item::none) {
        stream_.filled(read_more(in_, stream_, out_));
      }
    }
    if (!stream_.verdict().is_complete()) {
      out_.end(stream_.verdict());
      throw Failure::silent(stream_.verdict().status);
    }
    // Nothing but the end of the file may follow.
    stream_.filled(read_some(in_, stream_.space(), stream_.name()));
    if (answerer_) answerer_->end();
    out_.end(stream_.verdict());
    return ExitStatus::complete;
  }

 private:
  void take_item() {
    switch (stream_.item()) {
      case StreamParser::Item::hello:
        begin(stream_.hello());
        break;
      case StreamParser::Item::frame:
        return answer();
      case StreamParser::Item::header:
        columns_->begin_input(stream_.text());
        answerer_->begin_input(fields_ ? fields_->begin_input(stream_.text()) : stream_.text());
        break;
      case StreamParser::Item::chunk: {
        const std::string outline = encode(source_->scan(stream_));
        write_all(static_cast<int>(stream_.header().where), outline, "the pipe for outlines");
        break;
      }
      case StreamParser::Item::input:
        source_->use_input(stream_);
        break;
      case StreamParser::Item::none:
      case StreamParser::Item::end:
        return;
    }
    stream_.next();
  }

  void begin(const Hello& batches) {
    Hello results = batches;
    results.content = Content::results;
    results.results = 0;
    if (can_read(batches.shared)) {
      keep_from_children(batches.shared.fd);
    } else {
      results.shared = {};
    }
    answerer_ = make_answerer_(results);
    place_ = results.place;
    out_.hello(results);
    source_.emplace(batches, results.shared);
    columns_.emplace(batches.dialect);
    if (batches.fields.are_selected()) fields_.emplace(batches);
    if (batches.results != 0) use_ring(batches.results, ring_, out_);
  }

  void answer() {
    const Batch batch = stream_.batch();
    const std::span<char> room = fields_ ? std::span<char>() : answerer_->room(batch.text);
    const std::string_view text = source_->text(stream_, batch, room);
    // If the batches have checksums, their results get checksums, too.
    if (stream_.header().flags & has_checksum) out_.add_checksums();
    if (stream_.header().flags & is_refused) return refuse(batch, text);
    const uint32_t answered_to = stream_.header().where;
    if (answered_to != 0) keep_from_children(static_cast<int>(answered_to));
    const uint64_t rows = answer(batch, fields_ ? fields_->of(text) : text);
    if (rows != batch.rows) give_up(in_, stream_, text, rows, out_);
    std::vector<Reject> rejects = answerer_->rejects();
    if (fields_) rejects = fields_->as_in_input(std::move(rejects), batch, text);
    columns_->add_to(rejects);
    const bool may_be_cut = may_be_cut_short(stream_.header(), text);
    stream_.next();
    if (may_be_cut && is_cut_short(in_, stream_, out_)) return;
    send_header_line(batch.input);
    out_.result(batch, rejects, answerer_->lines());
    if (answered_to != 0) say_answered(batch, answered_to);
  }

  /// If a command fails, a worker of p1_read dies without an end of its stream, wherever it runs.
  /// Then p1_read starts another one, and finds the row on which the command fails.
  uint64_t answer(const Batch& batch, std::string_view text) {
    try {
      return answerer_->answer(batch, text);
    } catch (const Failure& failure) {
      const bool has_workers =
          stream_.hello().shared.fd >= 0;  // the p1_read that sends the batches
      if (has_workers && failure.status() == ExitStatus::command_failed) out_.abandon();
      throw;
    }
  }

  /// Until p3_write takes the result, p1_read would not hear of it otherwise.
  void say_answered(const Batch& batch, uint32_t descriptor) {
    std::string message;
    encode(ControlMessage<NewsOfWorker>{NewsOfWorker::answered, place_, batch.range.end}, message);
    write_all(static_cast<int>(descriptor), message, "the pipe for answers");
  }

  /// Workers die of this row, so it is not looked at.
  void refuse(const Batch& batch, std::string_view row) {
    std::vector<Reject> rejects;
    if (batch.rows > 0) {
      rejects.push_back(
          {0, 0, batch.text_begin(), 0, workers_fail(answerer_->command()), std::string(row)});
    }
    stream_.next();
    out_.result(batch, rejects, "");
  }

  /// The first header line is that of all lines. p3_write sees whether the others are the same.
  void send_header_line(uint32_t input) {
    const std::string_view line = answerer_->header_line();
    if (line.empty() || line == header_line_) return;
    out_.header(input, line);
    header_line_ = line;
  }

  int in_;
  StreamWriter& out_;
  const MakeAnswerer& make_answerer_;
  StreamParser stream_;
  std::optional<TextSource> source_;
  std::optional<SelectedFields> fields_;
  std::optional<ColumnNames> columns_;
  std::unique_ptr<Answerer> answerer_;
  std::optional<ResultRing> ring_;
  uint32_t place_ = 0;
  std::string header_line_;  // that has been sent last
};

}  // namespace

ExitStatus answer_batches(int in, const std::string& name, StreamWriter& out,
                          const MakeAnswerer& make_answerer) {
  return Conversation(in, name, out, make_answerer).run();
}

}  // namespace rowsum
