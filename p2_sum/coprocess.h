// SPDX-License-Identifier: MIT
// A command that answers batch after batch, for programs that are slow to start.
#pragma once

#include <optional>

#include "common/io/owned_fd.h"
#include "p2_sum/command_answers.h"

namespace rowsum {

/// Before each batch the command gets a line "ROWS BYTES", the numbers of the rows and of the bytes
/// that follow. It is fed and read at the same time, so it may answer before it has read all rows,
/// or after. It has answered once there are as many lines as rows; it must flush its output then.
/// A header that is repeated counts as a row.
///
/// A line that the command writes before it reads anything is noticed, and never taken for an
/// answer. Any other line too many is noticed at the end at the latest; before that, the rows after
/// it may have got wrong lines. Where this may be so, and where the command would do the same
/// again, the Failure says bad_data, and not command_failed: to ask again would not help.
///
/// In its environment is ROWSUM_PLACE. At the end its standard input is closed, and it has two
/// seconds to end by itself.
class Coprocess : public CommandAnswers {
 public:
  Coprocess(const CommandOptions& options, Hello& results) : CommandAnswers(options, results) {}

  void end() override;

 private:
  std::string_view output_for(const Rows& rows) override;
  bool ask(const Rows& rows);
  void start(std::string_view& to_feed, const Batch& batch);
  void feed(std::string_view& bytes, const Batch& batch);
  [[noreturn]] void ended_early(const Batch& batch, const std::string& closed);
  bool wait_for_end();
  void wait_or_warn(int to_write, const char* silence, const Batch& batch);

  std::optional<ShellCommand> process_;
  OwnedFd to_process_;
  std::string frame_;        // what a batch is to the command, while it is written
  Batch last_batch_;         // that it has answered
  bool has_warned_ = false;  // that the command may not flush its output
};

}  // namespace rowsum
