// SPDX-License-Identifier: MIT
// What the answers of somebody's commands have in common, whether a process answers one batch or
// many.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/buffer.h"
#include "common/base/failure.h"
#include "common/wire/hello.h"
#include "common/worker/answerer.h"
#include "common/worker/line_printer.h"
#include "p2_sum/one_line.h"
#include "p2_sum/options.h"
#include "p2_sum/shell_command.h"

namespace rowsum {

/// The rows go to the command as they stand, or each in one line; the last one always has a row
/// end. With HeaderRow::repeat, the header row of their input comes first. The command answers each
/// row by a line, and the header by one, too.
class CommandAnswers : public Answerer {
 public:
  /// Says in the hello what kind of lines will come, and by which command.
  CommandAnswers(const CommandOptions& options, Hello& results);

  void begin_input(std::string_view header_row) override;
  uint64_t answer(const Batch& batch, std::string_view text) override;
  std::string_view lines() const override { return lines_; }
  const std::vector<Reject>& rejects() const override { return no_rejects_; }
  std::string_view header_line() const override { return header_line_; }
  std::string command() const override { return options_.command; }

 protected:
  /// What a command is to read for a batch.
  struct Rows {
    Batch batch;
    std::string_view header;  // empty if none is to be repeated
    std::string_view text;
    bool lacks_row_end = false;  // an LF is to follow the text
  };

  /// Lets the command answer these rows, and returns its output. It is valid until the next call.
  /// Throws a Failure from failed().
  virtual std::string_view output_for(const Rows& rows) = 0;

  const CommandOptions& options() const { return options_; }
  /// The header row to be repeated; empty if there is none.
  const std::string& header() const { return header_; }
  /// The variables that every command finds in its environment.
  std::vector<std::string> environment() const;

  /// Names the command, what it did, the rows that it had, and the last line on its standard error.
  std::string describe_failure(const std::string& how, const Batch& batch,
                               const std::string& last_error_line) const;
  /// The Failure of this worker that says so. It is silent if many workers at this place have
  /// failed before.
  Failure failed(const std::string& how, const Batch& batch,
                 const std::string& last_error_line) const;
  /// The same for a command that has ended. If the shell could not start it, trying again does not
  /// help.
  Failure failed(const Fate& fate, const std::string& when, const Batch& batch,
                 const std::string& last_error_line) const;

  /// Waits as ShellCommand::wait() does. Throws failed() if the time is over.
  bool wait(ShellCommand& process, int to_write, int timeout_ms, const Batch& batch) const;

  /// Reads what there is of the output. Returns false at its end. Throws failed() if the output is
  /// longer than an answer may be.
  bool read_output(ShellCommand& process, const Batch& batch);
  Buffer output_;
  size_t output_size_ = 0;
  std::string error_line_;  // the last line on standard error, for messages about the output

 private:
  void check_count(std::string_view output, const Rows& rows) const;
  std::string_view take_header_line(std::string_view output, const Batch& batch);

  CommandOptions options_;
  bool repeats_header_;
  uint32_t place_;
  bool reports_failures_;
  OneLine one_line_;
  std::string header_;
  LinePrinter printer_;
  std::string_view lines_;
  std::string header_line_;
  std::vector<Reject> no_rejects_;
};

}  // namespace rowsum
