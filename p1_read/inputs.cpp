// SPDX-License-Identifier: MIT
#include "p1_read/inputs.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "common/base/arguments.h"
#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

constexpr uint64_t hashed_at_each_end = 64 << 10;

/// Fewer bytes than this are better copied by this process than opened by several others.
constexpr uint64_t large_file = 1 << 20;

/// open(2) does not wait for the writer of a FIFO, because nothing else would be noticed meanwhile.
/// poll(2) reports the FIFO as readable once it has had a writer.
OwnedFd open_to_read(const std::string& path) {
  return OwnedFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

bool is_compressed_file(const std::string& path) {
  const OwnedFd file = open_to_read(path);
  return file.is_open() && compression_of(file.get());
}

/// The size of all the files, if these are several files of known size that are large on average,
/// and of which none is compressed; otherwise 0. A file that is missing is left out of account: it
/// is reported when it is to be read.
uint64_t size_of_large_plain_files(const std::vector<std::string>& operands) {
  if (operands.size() == 1) return 0;
  uint64_t size = 0;
  for (const std::string& operand : operands) {
    struct stat status;
    if (operand == "-") return 0;
    if (::stat(operand.c_str(), &status) != 0) continue;
    if (!S_ISREG(status.st_mode) || status.st_size == 0) return 0;
    size += static_cast<uint64_t>(status.st_size);
  }
  const bool are_plain = size / operands.size() >= large_file &&
                         std::none_of(operands.begin(), operands.end(), is_compressed_file);
  return are_plain ? size : 0;
}

bool is_empty_file(int fd, const std::string& name) {
  struct stat status;
  char byte;
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 &&
         pread_fully(fd, {&byte, 1}, 0, name) == 0;
}

Identity random_identity() {
  Identity identity;
  if (::getrandom(identity.hash, sizeof identity.hash, 0) != sizeof identity.hash) {
    throw Failure::from_errno(ExitStatus::system, "getrandom");
  }
  return identity;
}

}  // namespace

Inputs::Inputs(std::vector<std::string> operands) : operands_(std::move(operands)) {
  if (operands_.empty()) operands_.push_back("-");
  for (const std::string& operand : operands_) {
    names_.push_back(operand == "-" ? "standard input" : operand);
  }
  size_of_all_ = size_of_large_plain_files(operands_);
  are_plain_files_ = size_of_all_ > 0;
  open_current();

  is_plain_file_ = operands_.size() == 1 && owed_;
  if (is_plain_file_) {
    begin_ = size_ - *owed_;
    end_ = size_;
  }
}

bool Inputs::open_next() {
  if (index_ + 1 == operands_.size()) return false;
  ++index_;
  open_current();
  return true;
}

int Inputs::fd() const {
  if (decompressor_) return decompressor_->fd();
  return file_.is_open() ? file_.get() : STDIN_FILENO;
}

void Inputs::open_current() {
  decompressor_.reset();
  file_.close();
  if (operands_[index_] != "-") {
    file_ = open_to_read(operands_[index_]);
    if (!file_.is_open()) throw Failure::from_errno(ExitStatus::no_input, name());
    ::fcntl(fd(), F_SETFL, ::fcntl(fd(), F_GETFL) & ~O_NONBLOCK);
  }
  struct stat status;
  if (::fstat(fd(), &status) != 0) throw Failure::from_errno(ExitStatus::no_input, name());
  widen_pipe(fd());
  const off_t offset = ::lseek(fd(), 0, SEEK_CUR);
  owed_.reset();
  is_at_start_ = !S_ISREG(status.st_mode);
  if (S_ISREG(status.st_mode) && status.st_size > 0 && offset == 0) {
    if (const auto compression = compression_of(fd())) {
      decompressor_.emplace(*compression, fd(), name());
      file_.close();
      return;
    }
  }
  // Several large files were plain files when this object was made, so one that is empty now has
  // been emptied. Otherwise it may be a file of /proc, which has contents all the same.
  if (S_ISREG(status.st_mode) && (status.st_size > 0 || are_plain_files_) && offset >= 0) {
    size_ = static_cast<uint64_t>(std::max(status.st_size, offset));
    owed_ = size_ - static_cast<uint64_t>(offset);
  }
}

bool Inputs::has_shrunk() const {
  struct stat status;
  return ::fstat(fd(), &status) != 0 || static_cast<uint64_t>(status.st_size) < size_;
}

void Inputs::begin_at(uint64_t offset) {
  if (is_plain_file_) narrow({std::min(offset, size_), size_});
}

void Inputs::narrow(const Range& range) {
  begin_ = range.begin;
  end_ = range.end;
  owed_ = range.size();
  if (::lseek(fd(), static_cast<off_t>(begin_), SEEK_SET) < 0) {
    throw Failure::from_errno(ExitStatus::io, name());
  }
}

void Inputs::require_one_plain_file(const std::string& option) {
  if (operands_.size() == 1 && is_empty_file(fd(), name())) {
    is_plain_file_ = true;
    owed_ = 0;
  }
  if (!is_plain_file_ || begin_ > 0) throw usage_failure(option + " needs one plain file");
}

std::string Inputs::bytes(const Range& range) const {
  std::string bytes(range.size(), '\0');
  if (pread_fully(fd(), bytes, range.begin, name()) < bytes.size()) throw shrunk(name());
  return bytes;
}

uint64_t Inputs::skip_rest() {
  const uint64_t rest = *owed_;
  if (rest > 0 && ::lseek(fd(), static_cast<off_t>(end_), SEEK_SET) < 0) {
    throw Failure::from_errno(ExitStatus::io, name());
  }
  owed_ = 0;
  return rest;
}

Identity Inputs::identity() const {
  if (!is_plain_file_) return random_identity();
  const uint64_t end = std::min(size_, hashed_at_each_end);
  std::vector<char> ends(2 * end);
  pread_fully(fd(), std::span(ends).first(end), 0, name());
  pread_fully(fd(), std::span(ends).last(end), size_ - end, name());
  const XXH128_hash_t hash = XXH3_128bits(ends.data(), ends.size());
  return {size_, {hash.low64, hash.high64}};
}

Identity Inputs::identity_since_written() const {
  Identity identity = this->identity();
  struct stat status;
  if (!is_plain_file_ || ::fstat(fd(), &status) != 0) return identity;
  const uint64_t seed = XXH3_64bits(&status.st_mtim, sizeof status.st_mtim);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(identity.hash, sizeof identity.hash, seed);
  return {identity.size, {hash.low64, hash.high64}};
}

std::optional<size_t> Inputs::read_some(std::span<char> into) {
  if (decompressor_) return decompressor_->read_some(into);
  if (owed_ && (is_plain_file_ || are_plain_files_)) {
    into = into.first(std::min<uint64_t>(into.size(), *owed_));
  }
  if (into.empty()) return 0;
  const size_t n = rowsum::read_some(fd(), into, name());
  if (std::exchange(is_at_start_, false)) {
    if (const auto compression = compression_of(std::string_view(into.data(), n))) {
      throw Failure(ExitStatus::bad_data,
                    name() + ": compressed data in a pipe; decompress it first, with " +
                        command_for(*compression));
    }
  }
  if (owed_) {
    if (n == 0 && *owed_ > 0 && has_shrunk()) throw shrunk(name());
    *owed_ -= std::min<uint64_t>(n, *owed_);
  }
  return n;
}

}  // namespace rowsum
