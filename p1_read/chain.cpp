#include "p1_read/chain.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "common/base/arguments.h"
#include "common/base/buffer.h"
#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "p1_read/hello_for.h"

namespace rowsum {

namespace {

/// The bytes that have been read and not been written: from the beginning of the next batch on.
class Carry {
 public:
  explicit Carry(uint64_t begin) : begin_(begin) {}

  /// Room for `bytes` more.
  std::span<char> space(size_t bytes) {
    buffer_.reserve(held_ + bytes, held_);
    return {buffer_.data() + held_, bytes};
  }
  std::string_view filled(size_t bytes) {
    held_ += bytes;
    return {buffer_.data() + held_ - bytes, bytes};
  }
  std::string_view text(const Batch& batch) const {
    return {buffer_.data() + (batch.text_begin() - begin_), batch.text};
  }
  /// Bytes before `offset` are needed no more.
  void drop_before(uint64_t offset) {
    const uint64_t dropped = offset - begin_;
    if (dropped == 0) return;
    held_ -= dropped;
    std::memmove(buffer_.data(), buffer_.data() + dropped, held_);
    begin_ = offset;
  }

 private:
  Buffer buffer_;
  uint64_t begin_;
  size_t held_ = 0;
};

using FileId = std::pair<dev_t, ino_t>;

FileId id_of(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

/// What would be mixed up if it were read and written, or written twice: no device.
bool holds_bytes(const struct stat& status) {
  return S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode);
}

/// Those that there are; what is missing is told when it is to be read.
std::set<FileId> files_to_read(const std::vector<std::string>& inputs) {
  std::set<FileId> files;
  const auto insert = [&](const std::string& path) {
    struct stat status;
    const int error = path == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
    if (error == 0 && holds_bytes(status)) files.insert(id_of(status));
  };
  if (inputs.empty()) insert("-");
  std::for_each(inputs.begin(), inputs.end(), insert);
  return files;
}

/// Throws Failure(usage) if an output is an input, or stands twice. That is found out by name, for
/// to open a FIFO is to wait for its reader; what is not there yet is made by this.
void check_outputs(const std::vector<std::string>& to, const std::vector<std::string>& inputs) {
  struct stat status;
  std::set<FileId> taken = files_to_read(inputs);
  if (to.empty() && ::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
      taken.count(id_of(status))) {
    throw usage_failure("standard output is an input, too");
  }
  for (const std::string& path : to) {
    if (path.empty()) throw usage_failure("--to: an empty name");
    if (::stat(path.c_str(), &status) != 0) {
      const OwnedFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
      if (!made.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, path);
      taken.merge(files_to_read(inputs));
      ::fstat(made.get(), &status);
    }
    if (holds_bytes(status) && !taken.insert(id_of(status)).second) {
      throw usage_failure("--to: '" + path + "' is an input, or is there twice");
    }
  }
}

}  // namespace

void Chain::open(const std::vector<std::string>& to, const std::vector<std::string>& inputs) {
  knows_outputs_ = true;
  check_outputs(to, inputs);
  if (to.empty()) {
    if (::isatty(STDOUT_FILENO)) {
      throw usage_failure("standard output is a terminal, and the stream is for p2_sum");
    }
    streams_.emplace_back(STDOUT_FILENO, "standard output");
  }
  for (const std::string& path : to) {
    files_.emplace_back(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!files_.back().is_open()) throw Failure::from_errno(ExitStatus::cannot_create, path);
    streams_.emplace_back(files_.back().get(), path);
  }
}

void Chain::add_checksums() {
  has_checksums_ = true;
  for (StreamWriter& stream : streams_) stream.add_checksums();
}

void Chain::run(Inputs& inputs, const BatcherOptions& options, DealPolicy policy) {
  say_hello(inputs, options);
  // Blocking writes are all the credit there is.
  Dealer dealer(policy, streams_.size(), SIZE_MAX);
  Batcher batcher(options, inputs.begin());
  Carry carry(inputs.begin());
  // A plain file's bytes go from the page cache into the pipe, and only past the cutter here.
  const bool is_spliced = !has_checksums_ && inputs.is_plain_file() &&
                          std::all_of(streams_.begin(), streams_.end(),
                                      [](const StreamWriter& s) { return is_pipe(s.fd()); });
  const std::vector<int> readers = outs();
  const auto deal = [&](const Batch& batch) {
    StreamWriter& stream = streams_[*dealer.deal()];
    if (is_spliced) {
      stream.batch_from_file(batch, inputs.fd(), inputs.name());
    } else {
      stream.batch(batch, carry.text(batch));
    }
  };

  do {
    batcher.begin_input(inputs.index(), inputs.name());
    for (bool is_over = false; !is_over;) {
      wait_readable(inputs.fd(), readers);
      const size_t n = inputs.read_some(carry.space(batcher.wanted()));
      is_over = n == 0;
      if (is_over) {
        batcher.end_input();
      } else {
        batcher.feed(carry.filled(n));
      }
      if (const auto batch = batcher.take_full()) deal(*batch);
      batcher.check();
      if (!is_over && batcher.has_rows() && !is_readable_now(inputs.fd())) {
        if (const auto batch = batcher.take_any()) deal(*batch);
      }
      carry.drop_before(is_spliced ? batcher.scanned() : batcher.taken());
    }
  } while (inputs.open_next());
  for (StreamWriter& stream : streams_) {
    stream.end({ExitStatus::complete, batcher.taken(), batcher.rows()});
  }
}

void Chain::fail(ExitStatus status) {
  if (!knows_outputs_ && !::isatty(STDOUT_FILENO)) {
    streams_.emplace_back(STDOUT_FILENO, "standard output");
  }
  // Whose reader is gone is of no interest to the others but as a lost neighbour.
  if (status == ExitStatus::downstream_closed) status = ExitStatus::neighbour_vanished;
  for (StreamWriter& stream : streams_) stream.fail(status, Content::batches);
}

std::vector<int> Chain::outs() const {
  std::vector<int> fds;
  for (const StreamWriter& stream : streams_) fds.push_back(stream.fd());
  return fds;
}

void Chain::say_hello(const Inputs& inputs, const BatcherOptions& options) {
  Hello hello = hello_for(inputs, inputs.identity(), options);
  for (StreamWriter& stream : streams_) {
    stream.hello(hello);
    ++hello.place;
  }
}

}  // namespace rowsum
