#include "p2_sum/coprocess.h"

#include <chrono>
#include <utility>

#include "common/io/descriptors.h"
#include "common/io/read_write.h"
#include "common/wire/count_lines.h"

namespace rowsum {

namespace {

const std::string input_name = "the input of the command";
constexpr std::chrono::seconds patience(2);

}  // namespace

std::string_view Coprocess::output_for(const Rows& rows) {
  if (!process_) start();
  const uint64_t lines = rows.batch.rows + (rows.header.empty() ? 0 : 1);
  const size_t size = rows.header.size() + rows.text.size() + (rows.lacks_row_end ? 1 : 0);
  frame_.assign(std::to_string(lines)).append(1, ' ').append(std::to_string(size)).append(1, '\n');
  frame_.append(rows.header).append(rows.text).append(rows.lacks_row_end ? "\n" : "");

  std::string_view to_feed = frame_;
  output_size_ = 0;
  uint64_t answered = 0;
  // What the command wrote before it was asked is too much as well.
  while (answered < lines || !to_feed.empty()) {
    const size_t before = output_size_;
    if (!read_output(*process_, rows.batch)) ended_early(rows.batch, "output");
    answered += count_lines({output_.data() + before, output_size_ - before});
    if (answered > lines) break;
    feed(to_feed, rows.batch);
    if (answered == lines && to_feed.empty()) break;
    if (output_size_ == before) process_->wait(to_feed.empty() ? -1 : to_process_.get(), -1);
  }
  const std::string_view output(output_.data(), output_size_);
  if (answered > lines || !output.ends_with('\n')) {
    throw failed("wrote more lines than it had rows", rows.batch, process_->last_error_line());
  }
  return output;
}

void Coprocess::start() {
  auto [in, to_process] = make_pipe();
  widen_pipe(to_process.get());
  make_non_blocking(to_process.get(), input_name);
  to_process_ = std::move(to_process);
  process_.emplace(options().command, in.get(), environment());
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
  const bool has_ended = wait_for_end();
  const std::string how = has_ended ? "" : "has closed its " + closed + " and goes on";
  const Fate fate = process_->end();
  const std::string& error = process_->last_error_line();
  if (!has_ended) throw failed(how, batch, error);
  throw failed(fate, " before it had answered", batch, error);
}

/// Returns whether the command has ended in time.
bool Coprocess::wait_for_end() {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  while (!process_->has_ended() && Clock::now() < deadline) {
    process_->wait(-1, static_cast<int>(std::chrono::milliseconds(patience).count()));
    // What it still writes answers nothing.
    output_size_ = 0;
    output_.reserve(1 << 16);
    while (process_->read({output_.data(), output_.capacity()}) > 0) {
    }
  }
  return process_->has_ended();
}

void Coprocess::end() {
  if (!process_) return;
  to_process_.close();
  wait_for_end();
  process_->end();
}

}  // namespace rowsum
