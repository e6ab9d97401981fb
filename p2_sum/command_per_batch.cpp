// SPDX-License-Identifier: MIT
#include "p2_sum/command_per_batch.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace rowsum {

namespace {

using Clock = std::chrono::steady_clock;

/// A process that the command has left behind may go on writing for so long after the command has
/// ended, as `cmd > >(tee log)` does in bash.
constexpr std::chrono::seconds patience(1);

/// Some commands write each line by itself. To wake up for each of them would take longer than many
/// a calculation, so the lines gather for this time before they are read.
constexpr int gathering_ms = 2;

int milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace

std::span<char> CommandPerBatch::room(size_t size) {
  if (options().one_line) return {};  // the text is to be changed
  constexpr size_t row_end = 1;       // which the text may lack
  return input_.space(header().size() + size + row_end).subspan(header().size(), size);
}

std::string_view CommandPerBatch::output_for(const Rows& rows) {
  const OwnedFd input = write_input(rows);
  std::vector<std::string> variables = environment();
  variables.push_back("ROWSUM_BATCH_ROWS=" + std::to_string(rows.batch.rows));
  if (rows.batch.first_row != unknown_row) {
    variables.push_back("ROWSUM_BATCH_FIRST_ROW=" + std::to_string(rows.batch.first_row));
  }
  ShellCommand process(options().command, input.get(), std::move(variables));
  output_size_ = 0;
  run(process, rows.batch);
  const Fate fate = process.end();
  error_line_ = process.last_error_line();
  if (fate.was_killed || fate.code != 0) throw failed(fate, "", rows.batch, error_line_);
  return {output_.data(), output_size_};
}

OwnedFd CommandPerBatch::write_input(const Rows& rows) {
  const std::string_view row_end = rows.lacks_row_end ? "\n" : "";
  const size_t size = rows.header.size() + rows.text.size() + row_end.size();
  char* at = std::copy(rows.header.begin(), rows.header.end(), input_.space(size).data());
  // The text may have been read to where it belongs; see room().
  if (rows.text.data() != at) std::copy(rows.text.begin(), rows.text.end(), at);
  std::copy(row_end.begin(), row_end.end(), at + rows.text.size());
  return input_.open(size);
}

/// Reads the output to its end, and waits until the command has ended.
void CommandPerBatch::run(ShellCommand& process, const Batch& batch) {
  std::optional<Clock::time_point> deadline;  // once the command has ended
  bool has_killed_rest = false;
  bool writes_slowly = true;
  while (true) {
    if (process.has_ended() && !deadline) deadline = Clock::now() + patience;
    wait(process, -1, deadline ? milliseconds_until(*deadline) : -1, batch);
    if (!read_output(process, batch)) break;
    if (writes_slowly && !process.has_ended()) writes_slowly = process.gather(gathering_ms);
    if (!deadline || Clock::now() < *deadline) continue;
    // The command has ended long ago, and another process keeps its output open. If there is a line
    // for each row, all is there. Otherwise nobody can tell.
    if (has_killed_rest || options().any_lines) throw keeps_output_open(process, batch);
    process.kill_rest();
    has_killed_rest = true;
    deadline = Clock::now() + patience;
  }
  if (has_killed_rest && output_size_ > 0 && output_.data()[output_size_ - 1] != '\n') {
    throw keeps_output_open(process, batch);
  }
  while (!process.has_ended()) wait(process, -1, -1, batch);
}

Failure CommandPerBatch::keeps_output_open(const ShellCommand& process, const Batch& batch) const {
  return failed("has left a process that keeps its output open", batch, process.last_error_line());
}

}  // namespace rowsum
