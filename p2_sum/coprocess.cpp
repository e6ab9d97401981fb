// SPDX-License-Identifier: MIT
#include "p2_sum/coprocess.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "common/base/report.h"
#include "common/io/descriptors.h"
#include "common/io/read_write.h"
#include "common/wire/count_lines.h"

namespace rowsum {

namespace {

constexpr const char* input_name = "the input of the command";
constexpr std::chrono::seconds patience(2);
constexpr int silence_ms = 10'000;

}  // namespace

std::string_view Coprocess::output_for(const Rows& rows) {
  const bool is_new = !process_;
  if (ask(rows)) return {output_.data(), output_size_};
  const char* const how = "wrote more lines than it had rows";
  const std::string error = process_->last_error_line();
  if (!is_new) {
    // Is one of them a line of an earlier answer, of which the rest has been passed on? If a new
    // process answers these rows as it should, this was so.
    process_.reset();
    if (ask(rows)) throw Failure(ExitStatus::bad_data, describe_failure(how, rows.batch, error));
  }
  throw failed(how, rows.batch, error);
}

/// Gets the answer to a batch into output_. Returns false if there are too many lines.
bool Coprocess::ask(const Rows& rows) {
  const uint64_t lines = rows.batch.rows + (rows.header.empty() ? 0 : 1);
  const size_t size = rows.header.size() + rows.text.size() + (rows.lacks_row_end ? 1 : 0);
  frame_.assign(std::to_string(lines)).append(1, ' ').append(std::to_string(size)).append(1, '\n');
  frame_.append(rows.header).append(rows.text).append(rows.lacks_row_end ? "\n" : "");

  std::string_view to_feed = frame_;
  output_size_ = 0;
  bool is_closed = false;
  if (!process_) {
    start(to_feed, rows.batch);
  } else {
    is_closed = !read_output(*process_, rows.batch);
    if (output_size_ > 0) return false;  // it came after the last answer
  }
  uint64_t answered = 0;
  while (answered < lines || !to_feed.empty()) {
    if (is_closed) ended_early(rows.batch, "output");
    if (!to_feed.empty()) feed(to_feed, rows.batch);
    const size_t before = output_size_;
    is_closed = !read_output(*process_, rows.batch);
    answered += count_lines({output_.data() + before, output_size_ - before});
    if (answered > lines) return false;
    if (is_closed || output_size_ > before) continue;
    // A process that it has left behind may keep its output open.
    if (process_->has_ended()) ended_early(rows.batch, "output");
    if (to_feed.empty()) {
      wait_or_warn(-1, "has not answered for 10 s, does it flush its output?", rows.batch);
    } else {
      wait(*process_, to_process_.get(), -1, rows.batch);
    }
  }
  last_batch_ = rows.batch;
  return output_.data()[output_size_ - 1] == '\n';
}

/// A command that does not flush its output, or reads nothing, would be waited for in silence.
void Coprocess::wait_or_warn(int to_write, const char* silence, const Batch& batch) {
  if (wait(*process_, to_write, has_warned_ ? -1 : silence_ms, batch) || has_warned_) return;
  report(describe_failure(silence, batch, ""));
  has_warned_ = true;
}

/// Starts the command, and feeds it one byte, which it cannot answer. What it writes before it has
/// read that, such as a greeting, would be taken for an answer later.
void Coprocess::start(std::string_view& to_feed, const Batch& batch) {
  auto [in, to_process] = make_pipe();
  narrow_pipe(to_process.get());
  make_non_blocking(to_process.get(), input_name);
  to_process_ = std::move(to_process);
  process_.emplace(options().command, in.get(), environment());
  in.close();
  std::string_view byte = to_feed.substr(0, 1);
  feed(byte, batch);
  // Until the byte has been read.
  wait_or_warn(to_process_.get(), "has not read its input for 10 s", batch);
  to_feed.remove_prefix(1);
  const bool is_closed = !read_output(*process_, batch);
  if (output_size_ > 0) {
    const std::string_view output(output_.data(), output_size_);
    const std::string line = printable(output.substr(0, output.find('\n')));
    // It would do the same again.
    throw Failure(ExitStatus::bad_data, describe_failure("wrote '" + line + "' before it was asked",
                                                         batch, process_->last_error_line()));
  }
  if (is_closed || process_->has_ended()) ended_early(batch, "output");
  widen_pipe(to_process_.get());
}

void Coprocess::feed(std::string_view& bytes, const Batch& batch) {
  try {
    bytes.remove_prefix(write_available(to_process_.get(), bytes, input_name));
  } catch (const Failure& failure) {
    if (failure.status() != ExitStatus::downstream_closed) throw;
    ended_early(batch, "input");
  }
}

/// The command has closed its input or its output. Usually it is ending.
void Coprocess::ended_early(const Batch& batch, const std::string& closed) {
  wait_for_end();
  const bool has_ended = process_->has_ended();
  const Fate fate = process_->end();
  const std::string& error = process_->last_error_line();
  if (!has_ended) throw failed("has closed its " + closed + " and goes on", batch, error);
  throw failed(fate, " before it had answered", batch, error);
}

/// Waits until the command ends, but not for long. Returns whether it has written something.
bool Coprocess::wait_for_end() {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  bool has_written = false;
  const auto skip_output = [&] {
    std::array<char, 4096> bytes;
    has_written |= process_->read(bytes) > 0;
  };
  while (!process_->has_ended() && Clock::now() < deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    process_->wait(-1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    skip_output();
  }
  skip_output();  // what it wrote before its end
  return has_written;
}

void Coprocess::end() {
  if (!process_) return;
  to_process_.close();
  const bool has_written = wait_for_end();
  process_->end();
  if (!has_written) return;
  // No new process could tell now to which answer the line belongs.
  throw Failure(ExitStatus::bad_data, describe_failure("wrote more lines than it had rows",
                                                       last_batch_, process_->last_error_line()));
}

}  // namespace rowsum
