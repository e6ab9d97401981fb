// Puts the results of several streams back in order and sees to it that they tile the input (R1).
// Pure: knows where results begin and end, not what is in them.
//
// Each stream shows its results one at a time, in input order; of the heads of all streams, the one
// that begins where the last one ended is due. A stream whose head is not due has to wait, so no
// more than one result a stream is ever held; the stream that owes the due one is never among those
// that wait.
//
//   merger.hello(i, stream.name(), stream.hello());
//   merger.head(i, stream.batch());
//   while (auto i = merger.due()) { write the result of stream i;  merger.written(*i); }
//   merger.end(i, stream.verdict());
//   ... until merger.is_over(), then merger.status().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/model/batch.h"
#include "common/model/verdict.h"
#include "common/wire/hello.h"

namespace rowsum {

class Merger {
 public:
  /// Of the streams 0 to `streams` - 1.
  explicit Merger(size_t streams) : streams_(streams) {
    for (Stream& stream : streams_) stream.is_expected = true;
  }

  /// There will be this stream, too. To be called before anything is said of a stream that begins
  /// later in the input.
  void expect(size_t stream);

  // Each of these throws Failure(bad_data) for streams that do not belong together: of different
  // inputs, with a part of it twice, with a part missing, with different ends.

  void hello(size_t stream, const std::string& name, const Hello& hello);
  /// The next result of `stream`, which has none that is not written.
  void head(size_t stream, const Batch& head);
  void end(size_t stream, const Verdict& verdict);

  /// Whether all that a complete end speaks of is written: then nothing that is still to come
  /// matters.
  bool has_everything() const {
    return verdict_ && position_ == verdict_->total && rows_ == verdict_->rows;
  }

  std::optional<size_t> due() const;
  void written(size_t stream);

  /// Whether no stream can bring anything more that could be written.
  bool is_over() const;
  /// `complete` if all was written; otherwise the status of a stream that failed, and rather of one
  /// that knows why than of one that lost its neighbour.
  ExitStatus status() const { return status_; }

  /// Everything before this offset is written.
  uint64_t position() const { return position_; }
  /// The number of the next row to be written.
  uint64_t next_row() const;

 private:
  struct Stream {
    std::string name;
    bool is_expected = false;
    bool has_head = false;
    bool has_ended = false;
    Batch head;
  };

  void check_overlap(const Stream& stream) const;
  void check_gap() const;

  std::vector<Stream> streams_;
  std::optional<Hello> hello_;  // of the stream that spoke first
  std::string hello_name_;
  std::optional<Verdict> verdict_;  // of a complete end
  ExitStatus status_ = ExitStatus::complete;
  uint64_t position_ = 0;
  uint64_t next_row_ = 0;
  uint64_t rows_ = 0;  // written
  bool has_written_ = false;
};

}  // namespace rowsum
