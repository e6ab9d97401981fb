// SPDX-License-Identifier: MIT
// Writes results as one stream of results, in which they are in order and all have checksums. The
// p3_write that reads the stream decides on the form of the lines, and on what is done with
// rejects.
#pragma once

#include <string>

#include "common/io/output.h"
#include "common/wire/stream_writer.h"
#include "p3_write/result_output.h"

namespace rowsum {

class ResultStream : public ResultOutput {
 public:
  /// `path`: "-" is standard output. Throws as Output does, and Failure(usage) for a terminal.
  explicit ResultStream(const std::string& path);

  int fd() const override { return output_.fd(); }
  bool may_be_seen() const override;

  /// The first hello is that of the stream, without the place of its worker.
  void begin(const Hello& hello) override;
  /// Several workers send the same line: it is written only where it becomes another one.
  void write_header_line(const StreamParser& stream, std::string_view line) override;
  /// Copies the result as it is. Rejects do not end the run.
  uint64_t write(const StreamParser& stream, uint64_t first_row) override;
  uint64_t rejects() const override { return rejects_; }

  void note_progress(uint64_t, uint64_t) override {}
  void save_what_there_is() override {}

  /// Ends the stream. Returns `complete`, whether there are rejects or not.
  ExitStatus commit() override;
  /// Ends the stream with this status. A plain file that has no name yet does not get one.
  void fail(ExitStatus status) noexcept override;

 private:
  Output output_;
  StreamWriter stream_;
  bool has_begun_ = false;
  Verdict verdict_;          // of what has been written
  std::string header_line_;  // that has been written last
  uint64_t rejects_ = 0;
};

}  // namespace rowsum
