// Puts the results of several streams back in order, and checks that they tile the input (R1).
// Pure: knows where results begin and end, not what is in them.
//
// Each stream shows its results one at a time, in input order. The result that it shows is its
// head. The head that begins where the last written result ended is due. A stream whose head is not
// due has to wait, so no more than one result of each stream is held. The stream that owes the due
// result never waits.
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
  /// Expects the streams 0 to `streams` - 1.
  explicit Merger(size_t streams) : streams_(streams) {
    for (Stream& stream : streams_) stream.is_expected = true;
  }

  /// Expects this stream, too. To be called before any call for a stream that begins later in the
  /// input.
  void expect(size_t stream);

  // Each of these throws Failure(bad_data) if the streams do not belong together: they are of
  // different inputs, a part of the input comes twice or is missing, or their ends differ.

  void hello(size_t stream, const std::string& name, const Hello& hello);
  /// The next result of `stream`. All earlier ones of this stream have been written.
  void head(size_t stream, const Batch& head);
  void end(size_t stream, const Verdict& verdict);

  /// Whether everything that a complete end speaks of has been written. Then nothing that still
  /// comes matters.
  bool has_everything() const {
    return verdict_ && position_ == verdict_->total && rows_ == verdict_->rows;
  }

  std::optional<size_t> due() const;
  void written(size_t stream);

  /// Whether no stream can bring anything more that can be written.
  bool is_over() const;
  /// `complete` if no stream has failed; otherwise the status of a stream that has failed. The
  /// status of a stream that knows the cause is preferred to neighbour_vanished.
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
  std::optional<Hello> hello_;  // of the stream whose hello came first
  std::string hello_name_;
  std::optional<Verdict> verdict_;  // of a complete end
  ExitStatus status_ = ExitStatus::complete;
  uint64_t position_ = 0;
  uint64_t next_row_ = 0;
  uint64_t rows_ = 0;  // written
  bool has_written_ = false;
};

}  // namespace rowsum
