// SPDX-License-Identifier: MIT
// A command that is started anew for each batch.
#pragma once

#include <span>

#include "common/io/owned_fd.h"
#include "p2_sum/command_answers.h"
#include "p2_sum/rows_file.h"

namespace rowsum {

/// The command finds the rows in a file in memory, and its output is read to the end. So it may
/// read and write in any order, and whatever its buffering is, nobody waits for anybody.
///
/// In its environment are ROWSUM_PLACE, ROWSUM_BATCH_FIRST_ROW (unless that is unknown) and
/// ROWSUM_BATCH_ROWS.
class CommandPerBatch : public CommandAnswers {
 public:
  /// Throws Failure(system).
  CommandPerBatch(const CommandOptions& options, Hello& results)
      : CommandAnswers(options, results) {}

 private:
  std::span<char> room(size_t size) override;
  std::string_view output_for(const Rows& rows) override;
  OwnedFd write_input(const Rows& rows);
  void run(ShellCommand& process, const Batch& batch);
  Failure keeps_output_open(const ShellCommand& process, const Batch& batch) const;

  RowsFile input_;
};

}  // namespace rowsum
