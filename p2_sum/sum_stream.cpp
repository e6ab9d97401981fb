#include "p2_sum/sum_stream.h"

#include <array>
#include <optional>

#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "common/wire/shared_text.h"
#include "common/wire/stream_parser.h"
#include "p2_sum/batch_summer.h"

namespace rowsum {

namespace {

/// Where the text of batches comes from: behind their headers, or from the file the hello names.
class TextSource {
 public:
  explicit TextSource(const Hello& hello) : hello_(hello), shared_(hello.shared) {}

  std::string_view text(const StreamParser& stream, const Batch& batch) {
    const FrameHeader& header = stream.header();
    if (!(header.flags & text_is_shared)) return stream.text();
    if (hello_.shared.fd < 0) {
      throw Failure(ExitStatus::bad_data, stream.name() + ": a batch without its text");
    }
    const std::string& input = hello_.inputs[batch.input];
    const std::string_view text = shared_.of(batch, input);
    if (header.flags & has_checksum && payload_checksum("", text) != header.checksum) {
      throw Failure(ExitStatus::bad_data,
                    input + ": " + describe(batch.range) +
                        " are not what p1_read has read: the input changed while it was read");
    }
    return text;
  }

 private:
  const Hello& hello_;
  SharedText shared_;
};

/// Returns how many bytes came; they are not given to `stream` yet.
size_t read_more(int in, StreamParser& stream, const StreamWriter& out) {
  wait_readable(in, std::array{out.fd()});
  return read_some(in, stream.space(), stream.name());
}

// A file that shrinks leaves NULs in its text: where a page was cut off on its way through the
// pipe, and where p1_read fills up what it could not read any more. Then p1_read says so, and ends
// its stream with a failure, which is to be passed on silently. (By reference nothing is on its
// way, and p1_read goes on only when it has an answer.)

/// The batch that the stream shows holds `rows` rows, and not those that p1_read counted.
[[noreturn]] void give_up(int in, StreamParser& stream, std::string_view text, uint64_t rows,
                          StreamWriter& out) {
  const Batch batch = stream.batch();
  const Failure changed(ExitStatus::bad_data,
                        stream.hello().inputs[batch.input] + ": " + describe(batch.range) +
                            " hold " + std::to_string(rows) + " rows and not " +
                            std::to_string(batch.rows) + ": the input changed while it was read");
  if (stream.hello().shared.fd >= 0 || text.find('\0') == text.npos) throw Failure(changed);
  while (stream.item() != StreamParser::Item::end) {
    if (stream.item() == StreamParser::Item::frame) stream.next();
    const size_t n = read_more(in, stream, out);
    if (n == 0) throw Failure(changed);
    stream.filled(n);
  }
  if (stream.verdict().is_complete()) throw Failure(changed);
  out.end(stream.verdict());
  throw Failure::silent(stream.verdict().status);
}

/// Whether p1_read could not read all of the last batch, of which no more than its text ended with
/// a NUL is known. What follows says so, and comes at once: a batch ends with a row end, or else
/// its input does.
bool is_cut_short(int in, StreamParser& stream, const StreamWriter& out) {
  if (stream.hello().shared.fd >= 0) return false;
  while (stream.item() == StreamParser::Item::none) stream.filled(read_more(in, stream, out));
  return stream.item() == StreamParser::Item::end && !stream.verdict().is_complete();
}

}  // namespace

ExitStatus sum_stream(int in, const std::string& name, StreamWriter& out) {
  StreamParser stream(name, Content::batches);
  std::optional<TextSource> source;
  std::optional<BatchSummer> summer;
  while (true) {
    switch (stream.item()) {
      case StreamParser::Item::none: {
        stream.filled(read_more(in, stream, out));
        break;
      }
      case StreamParser::Item::hello: {
        Hello hello = stream.hello();
        hello.content = Content::results;
        out.hello(hello);
        source.emplace(stream.hello());
        summer.emplace(hello.dialect);
        stream.next();
        break;
      }
      case StreamParser::Item::frame: {
        const Batch batch = stream.batch();
        const std::string_view text = source->text(stream, batch);
        // Who wants the batches proved wants it of their results, too.
        if (stream.header().flags & has_checksum) out.add_checksums();
        const bool refused = stream.header().flags & is_refused;
        const uint64_t rows = refused ? summer->refuse(batch, text) : summer->sum(batch, text);
        if (rows != batch.rows) give_up(in, stream, text, rows, out);
        const bool ends_with_nul = text.ends_with('\0');
        stream.next();
        if (ends_with_nul && is_cut_short(in, stream, out)) break;
        out.result(batch, summer->rejects(), summer->lines());
        break;
      }
      case StreamParser::Item::end: {
        if (!stream.verdict().is_complete()) {
          out.end(stream.verdict());
          throw Failure::silent(stream.verdict().status);
        }
        // Nothing but the end of the file may follow.
        stream.filled(read_some(in, stream.space(), name));
        out.end(stream.verdict());
        return ExitStatus::complete;
      }
    }
  }
}

}  // namespace rowsum
