// SPDX-License-Identifier: MIT
// The kernels of the suite in one process with threads: what the suite could be if all input were
// in the page cache, and if a failure did not have to stay in one process. The benchmark compares
// the suite with it, and a test compares its sums with those of the suite.
//
//   monolith FILE [THREADS] > sums.csv
//
// A thread takes the lock, reads the text of a batch up to where the cutter finds its end, releases
// the lock, sums, and writes when its turn comes. So each byte is read once, and only write(2)
// copies lines. It checks the input as the suite does, but at a row that is not integers it just
// fails: what it has written by then depends on the threads.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/buffer.h"
#include "common/base/failure.h"
#include "common/base/program.h"
#include "common/io/owned_fd.h"
#include "common/io/read_write.h"
#include "p1_read/batcher.h"
#include "p2_sum/batch_summer.h"

namespace rowsum {
namespace {

class Monolith {
 public:
  explicit Monolith(const char* path)
      : name_(path), file_(::open(path, O_RDONLY | O_CLOEXEC)), batcher_(BatcherOptions(), 0) {
    if (!file_.is_open()) throw Failure::from_errno(ExitStatus::no_input, name_);
    batcher_.begin_input(0, name_);
  }

  void run(int threads) {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([this] { sum_batches(); });
    sum_batches();
    others.clear();  // joins them
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// The work of every thread: it sums batches until there are no more or one has failed.
  void sum_batches() {
    Buffer text;
    BatchSummer summer{Dialect()};
    uint64_t number = 0;
    try {
      while (const auto batch = take(text, number)) {
        sum_and_write(summer, *batch, text, number);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      has_failed_ = true;
      turn_ = UINT64_MAX;  // no thread waits for a turn that will not come
      turn_.notify_all();
    }
  }

  /// Returns the next batch and its bytes, or nothing at the end of the file.
  std::optional<Batch> take(Buffer& text, uint64_t& number) {
    const std::lock_guard lock(mutex_);
    number = taken_;
    if (is_over_ || has_failed_) return std::nullopt;
    // The beginning of a row that the last batch left over is read again.
    const uint64_t begin = batcher_.taken();
    uint64_t size = 0;
    while (true) {
      const uint64_t seen = batcher_.scanned() - begin;
      const uint64_t wanted = seen + batcher_.wanted();
      text.reserve(wanted, size);
      size += pread_fully(file_.get(), {text.data() + size, wanted - size}, begin + size, name_);
      batcher_.feed({text.data() + seen, size - seen});
      is_over_ = size < wanted;
      if (is_over_) batcher_.end_input();
      const auto batch = batcher_.take_full();
      batcher_.check();
      if (batch) ++taken_;
      if (batch || is_over_) return batch;
    }
  }

  void sum_and_write(BatchSummer& summer, const Batch& batch, const Buffer& text, uint64_t number) {
    const uint64_t skipped = batch.range.size() - batch.text;
    summer.answer(batch, {text.data() + skipped, batch.text});
    if (!summer.rejects().empty()) {
      const Reject& reject = summer.rejects().front();
      throw Failure(ExitStatus::bad_data,
                    name_ + ": row " + std::to_string(batch.first_row + reject.row) + ", field " +
                        std::to_string(reject.field) + ": " + reject.reason);
    }
    for (uint64_t turn; (turn = turn_) < number && !has_failed_;) turn_.wait(turn);
    if (has_failed_) return;
    write_all(STDOUT_FILENO, summer.lines(), "standard output");
    turn_ = number + 1;
    turn_.notify_all();
  }

  const std::string name_;
  const OwnedFd file_;
  std::mutex mutex_;  // protects the members below, up to turn_
  Batcher batcher_;
  uint64_t taken_ = 0;  // batches
  bool is_over_ = false;
  std::exception_ptr failure_;
  std::atomic<bool> has_failed_ = false;
  std::atomic<uint64_t> turn_ = 0;  // the number of the batch to be written next
};

}  // namespace
}  // namespace rowsum

using namespace rowsum;

int main(int argc, char** argv) {
  return run_program("monolith", [&] {
    const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
    if (argc < 2 || argc > 3 || threads < 1) {
      throw Failure(ExitStatus::usage, "usage: monolith FILE [THREADS]");
    }
    Monolith(argv[1]).run(threads);
    return ExitStatus::complete;
  });
}
