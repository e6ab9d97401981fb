// SPDX-License-Identifier: MIT
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
//
// If results may be written ahead of their turn, every head is due. The merger remembers which
// parts of the input have been written. Parts that touch become one, so after a p1_read with
// workers there are no more of them than batches outstanding. If there are too many parts, only
// that head is due before which everything is written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/model/batch.h"
#include "common/model/verdict.h"
#include "common/wire/hello.h"

namespace rowsum {

class Merger {
 public:
  /// Where streams begin: at which byte, and with the row of which number.
  struct Place {
    uint64_t offset = 0;
    uint64_t row = 0;
  };

  /// Expects the streams 0 to `streams` - 1. `most_ahead`: how many parts of the input, with gaps
  /// between them, may be written ahead of their turn; 0: everything is written in order. `begin`:
  /// where the streams have to begin, if they go on where others have ended.
  explicit Merger(size_t streams, size_t most_ahead = 0, std::optional<Place> begin = std::nullopt);

  /// Expects this stream, too. To be called before any call for a stream that begins later in the
  /// input.
  void expect(size_t stream);

  // Each of these throws Failure(bad_data) if the streams do not belong together: they are of
  // different inputs, begin in a wrong place, a part of the input comes twice or is missing, or
  // their ends differ. head() also throws it for rows whose number is not known and that may not
  // wait for those before them.

  void hello(size_t stream, const std::string& name, const Hello& hello);
  /// The next result of `stream`. All earlier ones of this stream have been written.
  void head(size_t stream, const Batch& head);
  void end(size_t stream, const Verdict& verdict);

  /// Whether everything that a complete end speaks of has been written. Then nothing that still
  /// comes matters.
  bool has_everything() const {
    return verdict_ && position() == verdict_->total && done_.rows == verdict_->rows &&
           ahead_.empty();
  }

  std::optional<size_t> due() const;
  /// The number of the first row of the head of this stream, which is due.
  uint64_t first_row(size_t stream) const;
  void written(size_t stream);

  /// Whether no stream can bring anything more that can be written.
  bool is_over() const;
  /// `complete` if no stream has failed; otherwise the status of a stream that has failed. The
  /// status of a stream that knows the cause is preferred to neighbour_vanished.
  ExitStatus status() const { return status_; }

  /// Everything before this offset is written; in the end, that is the end of the input.
  uint64_t position() const { return done_.range.end; }
  /// The number of the row that begins there, if anything is written.
  uint64_t next_row() const { return done_.first_row + done_.rows; }

 private:
  struct Stream {
    std::string name;
    bool is_expected = false;
    bool has_head = false;
    bool has_ended = false;
    Batch head;
  };

  /// A part of the input that has been written.
  struct Part {
    Range range;
    uint64_t first_row = 0;
    uint64_t rows = 0;
  };

  /// Adds `next`, which begins where `part` ends. `name`: the stream that has shown one of them.
  static void join(Part& part, const Part& next, const std::string& name);
  void check_overlap(const Stream& stream) const;
  void check_gap() const;

  std::vector<Stream> streams_;
  size_t most_ahead_;
  std::optional<Place> begin_;
  std::optional<Hello> hello_;  // of the stream whose hello came first
  std::string hello_name_;
  std::optional<Verdict> verdict_;  // of a complete end
  ExitStatus status_ = ExitStatus::complete;
  Part done_;  // from where the input begins, without a gap
  std::map<uint64_t, Part>
      ahead_;  // what has been written after that, by its begin; no parts touch
};

}  // namespace rowsum
