// SPDX-License-Identifier: MIT
#include "p2_sum/command_answers.h"

#include <algorithm>

#include "common/base/report.h"
#include "common/csv/field_parser.h"
#include "common/wire/count_lines.h"

namespace rowsum {

namespace {

/// So much of the standard error of a command is enough for a message.
constexpr size_t longest_error = 200;

/// A command that fails on every row would be reported as often as there are rows. Each worker
/// ends with the first failure, so these are the lives of a place that report it.
constexpr uint32_t reporting_lives = 10;

/// "1 row", "2 rows".
std::string number_of(const std::string& what, uint64_t count) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string describe_rows(const Batch& batch) {
  if (batch.rows == 0) return "no rows";
  if (batch.first_row == unknown_row) return number_of("row", batch.rows);
  const std::string first = std::to_string(batch.first_row);
  if (batch.rows == 1) return "row " + first;
  return "rows " + first + " to " + std::to_string(batch.first_row + batch.rows - 1);
}

/// Whether programs that read lines find more of them in this text than it has rows.
bool has_quoted_row_ends(std::string_view text, uint64_t rows) {
  const char* const end = text.data() + text.size();
  uint64_t lines = 0;
  for (const char* at = text.data(); at != end; ++lines) {
    at = skip_row_end(std::find_if(at, end, is_row_end), end);
  }
  return lines > rows;
}

}  // namespace

CommandAnswers::CommandAnswers(const CommandOptions& options, Hello& results)
    : options_(options),
      repeats_header_(results.header == HeaderRow::repeat),
      place_(results.place),
      reports_failures_(results.life < reporting_lives),
      one_line_(results.dialect) {
  results.lines = options.any_lines ? LineKind::any : LineKind::text;
  // A command may be any text, so it comes last.
  if (options.one_line) results.command = "--one-line ";
  results.command += (options.stays ? "--coprocess=" : "--command=") + options.command;
}

void CommandAnswers::begin_input(std::string_view header_row) {
  if (!repeats_header_) return;
  header_ = options_.one_line ? one_line_.write(header_row) : header_row;
  if (!header_.empty() && !is_row_end(header_.back())) header_ += '\n';
}

uint64_t CommandAnswers::answer(const Batch& batch, std::string_view text) {
  // Only the last row of an input can lack its row end, and no quotes are open there.
  const bool is_open = !text.empty() && !is_row_end(text.back());
  const uint64_t rows = batch.rows;
  lines_ = {};
  // Only a file without rows has such a batch.
  if (rows == 0 && header_.empty()) return rows;
  ShellCommand::forget_overdue();
  Rows given{batch, header_, text, is_open};
  if (options_.one_line) given = {batch, header_, one_line_.write(text), false};
  std::string_view output = output_for(given);
  if (!options_.any_lines) check_count(output, given);
  if (!header_.empty()) output = take_header_line(output, batch);
  if (options_.any_lines) {
    lines_ = output;
    return rows;
  }
  printer_.begin(batch.first_row == unknown_row ? 0 : batch.first_row);
  printer_.print_each(output);
  lines_ = printer_.lines();
  return rows;
}

/// This comes before the lines are printed: far too many lines would take far too much memory.
void CommandAnswers::check_count(std::string_view output, const Rows& rows) const {
  const bool is_open = !output.empty() && !output.ends_with('\n');
  const uint64_t count = count_lines(output) + (is_open ? 1 : 0);
  const uint64_t expected = rows.batch.rows + (rows.header.empty() ? 0 : 1);
  if (count == expected) return;
  std::string given = number_of("row", rows.batch.rows);
  if (!rows.header.empty()) given = "the header" + (rows.batch.rows > 0 ? " and " + given : "");
  const bool are_cut = count > expected && has_quoted_row_ends(rows.text, rows.batch.rows);
  const std::string remedy = are_cut ? "--one-line" : "--lines=any";
  throw failed("wrote " + number_of("line", count) + " for " + given + ", try " + remedy,
               rows.batch, error_line_);
}

std::vector<std::string> CommandAnswers::environment() const {
  return {"ROWSUM_PLACE=" + std::to_string(place_)};
}

std::string CommandAnswers::describe_failure(const std::string& how, const Batch& batch,
                                             const std::string& last_error_line) const {
  std::string message =
      "'" + printable(options_.command, 60) + "' " + how + " (" + describe_rows(batch) + ")";
  if (!last_error_line.empty()) message += ": " + printable(last_error_line, longest_error);
  return message;
}

Failure CommandAnswers::failed(const std::string& how, const Batch& batch,
                               const std::string& last_error_line) const {
  if (!reports_failures_) return Failure::silent(ExitStatus::command_failed);
  return Failure(ExitStatus::command_failed, describe_failure(how, batch, last_error_line));
}

Failure CommandAnswers::failed(const Fate& fate, const std::string& when, const Batch& batch,
                               const std::string& last_error_line) const {
  // The statuses of sh(1) for a program that it does not find or may not execute.
  const bool cannot_start = !fate.was_killed && (fate.code == 126 || fate.code == 127);
  const std::string how = fate.describe() + when;
  if (!cannot_start) return failed(how, batch, last_error_line);
  return Failure(ExitStatus::system, describe_failure(how, batch, last_error_line));
}

bool CommandAnswers::wait(ShellCommand& process, int to_write, int timeout_ms,
                          const Batch& batch) const {
  const bool has_event = process.is_overdue() || process.wait(to_write, timeout_ms);
  if (!process.is_overdue()) return has_event;
  process.end();
  // A command that does not flush its output waits for more rows, and is waited for.
  const std::string question = options_.stays ? ", does it flush its output?" : "";
  throw failed("was killed after --worker-timeout without an answer" + question, batch,
               process.last_error_line());
}

bool CommandAnswers::read_output(ShellCommand& process, const Batch& batch) {
  constexpr size_t step = size_t{256} << 10;
  while (true) {
    output_.reserve(output_size_ + step, output_size_);
    const ssize_t n = process.read({output_.data() + output_size_, step});
    if (n <= 0) return n < 0;
    output_size_ += static_cast<size_t>(n);
    if (output_size_ > largest_answer) {
      throw failed("wrote more than " + std::to_string(largest_answer >> 20) + " MiB", batch,
                   process.last_error_line());
    }
    if (n < static_cast<ssize_t>(step)) return true;
  }
}

/// With a header, the first line is no answer to a row.
std::string_view CommandAnswers::take_header_line(std::string_view output, const Batch& batch) {
  if (output.empty()) throw failed("wrote no line for the header", batch, error_line_);
  const size_t end = std::min(output.find('\n'), output.size() - 1);
  header_line_ = output.substr(0, end + 1);
  if (header_line_.back() != '\n') header_line_ += '\n';
  return output.substr(end + 1);
}

}  // namespace rowsum
