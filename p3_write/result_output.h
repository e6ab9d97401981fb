// SPDX-License-Identifier: MIT
// Where results go, one after another, in the order in which they are written: as lines
// (result_writer.h), or as one stream (result_stream.h).
#pragma once

#include <memory>
#include <string_view>

#include "common/base/exit_status.h"
#include "common/wire/stream_parser.h"
#include "p3_write/checkpoint.h"
#include "p3_write/options.h"

namespace rowsum {

class ResultOutput {
 public:
  ResultOutput() = default;
  ResultOutput(const ResultOutput&) = delete;
  ResultOutput& operator=(const ResultOutput&) = delete;
  virtual ~ResultOutput() = default;

  virtual int fd() const = 0;
  /// Whether what is written may appear on a terminal: it goes to one, or to another program.
  virtual bool may_be_seen() const = 0;

  // All of these throw as Output does.

  /// To be called with the hello of each stream before its results are written. Throws
  /// Failure(usage) if they cannot be written in the form asked for.
  virtual void begin(const Hello& hello) = 0;
  /// `line`: the header line that came in `stream` before the result that it shows, with LF; empty
  /// if there was none. To be called before write() for that result.
  virtual void write_header_line(const StreamParser& stream, std::string_view line) = 0;
  /// Writes the result that `stream` shows, whose first row has the number `first_row`. Returns the
  /// number of its rejects.
  virtual uint64_t write(const StreamParser& stream, uint64_t first_row) = 0;
  /// How many rejects there were in this run.
  virtual uint64_t rejects() const = 0;

  // With --resume there is a checkpoint, otherwise nullptr.

  virtual Checkpoint* checkpoint() { return nullptr; }
  /// Everything before `offset` has been given to write(), and the next row has the number `row`.
  /// If there is a checkpoint, throws as Checkpoint does.
  virtual void note_progress(uint64_t offset, uint64_t row) = 0;
  /// To be called when a run fails, but not in writing.
  virtual void save_what_there_is() = 0;

  /// All results have been written. Gives the files their names. Returns `some_rejected` or
  /// `complete`.
  virtual ExitStatus commit() = 0;
  /// The run has failed with this status, which has been reported. Says so in the output, if that
  /// is a stream (R2). Does not throw.
  virtual void fail(ExitStatus status) noexcept = 0;
};

/// Opens the output that the options ask for. Throws as ResultWriter and ResultStream do.
std::unique_ptr<ResultOutput> open_result_output(const WriteOptions& options);

}  // namespace rowsum
