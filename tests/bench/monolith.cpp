// The suite's kernels in one process with threads: what it would be if the page cache were all the
// input there is, and no failure had to stay in one process. The benchmark holds the suite against
// it; a test holds its sums against the suite's.
//
//   monolith FILE [THREADS] > sums.csv
//
// A thread takes the lock, reads a batch's text to where the cutter finds its end, lets the next
// one in, sums, and writes when its turn comes. So each byte is read once, and no line is copied
// but by write(2). It checks what the suite checks of the input, but at a row that is not integers
// it only fails: what it has written by then depends on the threads.
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
  /// What every thread does: batches, until there are no more or one has failed.
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
      turn_ = UINT64_MAX;  // nobody waits for what will not come
      turn_.notify_all();
    }
  }

  /// The next batch and its bytes; nothing at the end of the file.
  std::optional<Batch> take(Buffer& text, uint64_t& number) {
    const std::lock_guard lock(mutex_);
    number = taken_;
    if (is_over_ || has_failed_) return std::nullopt;
    // The rest of a row that the last batch left is read once more.
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
    summer.sum(batch, {text.data() + skipped, batch.text});
    if (!summer.rejects().empty()) {
      const Reject& reject = summer.rejects().front();
      throw Failure(ExitStatus::bad_data, name_ + ": row " +
                                              std::to_string(batch.first_row + reject.row) +
                                              ", field " + std::to_string(reject.field) + ": '" +
                                              reject.value + "' is not an integer");
    }
    for (uint64_t turn; (turn = turn_) < number && !has_failed_;) turn_.wait(turn);
    if (has_failed_) return;
    write_all(STDOUT_FILENO, summer.lines(), "standard output");
    turn_ = number + 1;
    turn_.notify_all();
  }

  const std::string name_;
  const OwnedFd file_;
  std::mutex mutex_;  // over what follows, up to the turn
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
