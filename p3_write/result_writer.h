// SPDX-License-Identifier: MIT
// Writes results as lines. Knows the form of the lines and what is done with rejects.
#pragma once

#include <optional>

#include "common/io/output.h"
#include "p3_write/checkpoint.h"
#include "p3_write/options.h"
#include "p3_write/reject_reports.h"
#include "p3_write/result_output.h"

namespace rowsum {

class ResultWriter : public ResultOutput {
 public:
  /// Opens the output and the file for rejects. Throws as Output and Checkpoint do.
  explicit ResultWriter(const WriteOptions& options);

  int fd() const override { return output_.fd(); }
  bool may_be_seen() const override;

  void begin(const Hello& hello) override;
  /// Writes the line as the first one of the output, in the form of the lines after it. Does
  /// nothing if lines have been written. Any lines may have no header among them, and then the
  /// first one of an answer is here by mistake: if it is not the same as before, throws
  /// Failure(bad_data).
  void write_header_line(const StreamParser& stream, std::string_view line) override;
  /// Reports rejects as RejectReports does. If rejects may not be skipped, it writes the rows
  /// before the first one and throws a silent Failure(bad_data). Also throws Failure(bad_data) for
  /// lines that cannot be changed to the form asked for.
  uint64_t write(const StreamParser& stream, uint64_t first_row) override;
  uint64_t rejects() const override { return rejects_in_run_; }

  Checkpoint* checkpoint() override { return checkpoint_ ? &*checkpoint_ : nullptr; }
  void note_progress(uint64_t offset, uint64_t row) override;
  /// Says how many rejects have not been reported. With --resume, the journal then says how far the
  /// run has come. Without it nothing is kept: the files of the output and of the rejects stay as
  /// they were.
  void save_what_there_is() override;

  /// Says how many rejects have not been reported, too.
  ExitStatus commit() override;
  void fail(ExitStatus) noexcept override {}

 private:
  void check_header_line(const StreamParser& stream, std::string_view line);
  void write_output(std::string_view bytes);
  /// Writes the header line, if one is asked for and the output is empty. With --resume, an earlier
  /// run may have written it.
  void write_header();
  /// Writes the first `length` bytes of the lines that the stream shows.
  void write_lines(const StreamParser& stream, size_t length, uint64_t first_row);
  void report_reject(const StreamParser& stream, const Reject& reject, uint64_t first_row);

  WriteOptions options_;
  Output output_;
  std::optional<Output> rejects_;
  RejectReports reports_;
  std::optional<Checkpoint> checkpoint_;
  uint64_t output_size_ = 0;
  uint64_t rejects_size_ = 0;
  bool has_rejects_ = false;  // also of an earlier run, with --resume
  uint64_t rejects_in_run_ = 0;
  std::string any_header_;   // the first header line of any lines
  uint32_t input_ = 0;       // of the last result
  uint64_t origin_ = 0;      // the offset of that input's byte 0; with --unordered always 0
  uint64_t origin_row_ = 0;  // the number of its first row; likewise
};

}  // namespace rowsum
