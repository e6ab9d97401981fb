// SPDX-License-Identifier: MIT
#include "p1_read/stream_dealing.h"

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
#include "p1_read/first_hello.h"
#include "p1_read/header_rows.h"
#include "p1_read/read_loop.h"

namespace rowsum {

namespace {

/// The bytes that have been read and not yet written, from the beginning of the next batch on.
class Carry {
 public:
  explicit Carry(uint64_t begin) : begin_(begin) {}

  /// Room for `bytes` bytes of the input from `offset` on. Bytes before `kept_from` are dropped.
  std::span<char> space(uint64_t kept_from, uint64_t offset, size_t bytes) {
    const size_t dropped = kept_from - begin_;
    const size_t kept = offset - kept_from;
    if (dropped > 0) std::memmove(buffer_.data(), buffer_.data() + dropped, kept);
    begin_ = kept_from;
    buffer_.reserve(kept + bytes, kept);
    return {buffer_.data() + kept, bytes};
  }
  std::string_view text(const Batch& batch) const {
    return {buffer_.data() + (batch.text_begin() - begin_), batch.text};
  }

 private:
  Buffer buffer_;
  uint64_t begin_;
};

/// The Destination of read_and_deal().
class Destination {
 public:
  Destination(const Inputs& inputs, const BatcherOptions& options,
              std::vector<StreamWriter>& streams, bool has_checksums, DealPolicy policy,
              DealtPart* part)
      : inputs_(inputs),
        streams_(streams),
        part_(part),
        // The credit is unlimited, because the writes block.
        dealer_(policy, streams.size(), SIZE_MAX),
        headers_(options.fields, options.dialect),
        headers_sent_(streams.size()),
        carry_(inputs.begin()),
        is_spliced_(!has_checksums && inputs.is_plain_file() &&
                    std::all_of(streams.begin(), streams.end(),
                                [](const StreamWriter& s) { return is_pipe(s.fd()); })) {
    for (const StreamWriter& stream : streams) readers_.push_back(stream.fd());
    if (part && part->first_row()) headers_.read(inputs, options);
  }

  void begin_input(const Batcher&) {}
  bool read_elsewhere(Batcher&) { return false; }

  NextStep wait(int input, const Batcher& batcher) {
    if (batcher.has_rows() && !is_readable_now(input)) return NextStep::deal_early;
    wait_readable(input, readers_);
    return NextStep::read;
  }

  std::span<char> space(const Batcher& batcher, size_t bytes) {
    const uint64_t scanned = batcher.scanned();
    return carry_.space(is_spliced_ ? scanned : batcher.taken(), scanned, bytes);
  }

  void has_read(uint64_t offset, std::string_view bytes) {
    if (part_) part_->bytes().saw(offset, bytes);
  }

  void deal(const Batch& batch, const Batcher& batcher) {
    const size_t number = *dealer_.deal();
    StreamWriter& stream = streams_[number];
    if (headers_sent_[number] != batch.input) send_header(number, batch.input, batcher);
    if (is_spliced_) {
      stream.batch_from_file(batch, inputs_.fd(), inputs_.name());
    } else {
      stream.batch(batch, carry_.text(batch));
    }
  }
  void deal_early(const Batch& batch, const Batcher& batcher) { deal(batch, batcher); }

 private:
  void send_header(size_t stream, uint32_t input, const Batcher& batcher) {
    headers_.note(batcher);
    headers_.forget_before(input);
    const std::string header = headers_.of(input);
    if (!header.empty()) streams_[stream].header(input, header);
    headers_sent_[stream] = input;
  }

  const Inputs& inputs_;
  std::vector<StreamWriter>& streams_;
  DealtPart* part_;  // nullptr: the whole input is dealt
  Dealer dealer_;
  HeaderRows headers_;
  std::vector<std::optional<uint32_t>> headers_sent_;  // of which input last, to each stream
  Carry carry_;
  bool is_spliced_;  // the bytes of a plain file go from the page cache into the pipe by splice(2)
  std::vector<int> readers_;
};

using FileId = std::pair<dev_t, ino_t>;

FileId id_of(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

/// Whether reading and writing the file, or writing it twice, would mix up its bytes. This holds
/// for regular files and FIFOs, but not for devices.
bool holds_bytes(const struct stat& status) {
  return S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode);
}

/// The inputs that exist. A missing one is reported when it is to be read.
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

/// Throws Failure(usage) if an output is also an input, or is given twice. The files are looked up
/// by name, because opening a FIFO waits for its reader. A file that does not exist yet is created
/// here.
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

void StreamDealing::open(const std::vector<std::string>& to,
                         const std::vector<std::string>& inputs) {
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

void StreamDealing::add_checksums() {
  has_checksums_ = true;
  for (StreamWriter& stream : streams_) stream.add_checksums();
}

void StreamDealing::run(Inputs& inputs, const BatcherOptions& options, DealPolicy policy,
                        DealtPart* part) {
  say_hello(inputs, options, part);
  Batcher batcher(options, inputs.begin());
  Destination destination(inputs, options, streams_, has_checksums_, policy, part);
  try {
    read_and_deal(inputs, batcher, destination, part ? part->first_row() : std::nullopt);
  } catch (const Failure& failure) {
    if (part) part->explain(failure, inputs);
    throw;
  }
  if (part) part->check(inputs, batcher);
  for (StreamWriter& stream : streams_) {
    stream.end({ExitStatus::complete, batcher.taken(), batcher.rows()});
  }
}

void StreamDealing::fail(ExitStatus status) {
  if (!knows_outputs_ && is_pipe_or_socket(STDOUT_FILENO)) {
    streams_.emplace_back(STDOUT_FILENO, "standard output");
  }
  // For the other streams, the reader that has gone is a lost neighbour.
  if (status == ExitStatus::downstream_closed) status = ExitStatus::neighbour_vanished;
  for (StreamWriter& stream : streams_) stream.fail(status, Content::batches);
}

void StreamDealing::say_hello(const Inputs& inputs, const BatcherOptions& options,
                              const DealtPart* part) {
  Hello hello = first_hello(inputs, part ? part->identity() : inputs.identity(), options);
  if (part) hello.part = part->number();
  for (StreamWriter& stream : streams_) {
    stream.hello(hello);
    ++hello.place;
  }
}

}  // namespace rowsum
