// SPDX-License-Identifier: MIT
#include "common/io/result_ring.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "common/base/failure.h"

namespace rowsum {

namespace ipc = boost::interprocess;

namespace {

uint64_t page() {
  return ipc::mapped_region::get_page_size();
}

/// The size of the ring in the file, which has a page of counters behind it.
uint64_t ring_size(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) throw Failure::from_errno(ExitStatus::system, "a ring");
  return static_cast<uint64_t>(status.st_size) - page();
}

}  // namespace

OwnedFd make_result_ring(uint64_t size) {
  OwnedFd file(::memfd_create("results", MFD_CLOEXEC));
  if (!file.is_open()) return file;
  const bool has_size = ::ftruncate(file.get(), static_cast<off_t>(size + page())) == 0;
  if (!has_size || allocate(file.get(), size, size + page()) != 0) file.close();
  return file;
}

ResultRing::ResultRing(int fd)
    : fd_(fd), ring_(fd, ring_size(fd), ipc::read_write, "the ring for results") {
  try {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const ipc::file_mapping file(path.c_str(), ipc::read_write);
    const auto behind = static_cast<ipc::offset_t>(ring_.size());
    shared_ = ipc::mapped_region(file, ipc::read_write, behind, page());
  } catch (const ipc::interprocess_exception& error) {
    throw Failure(ExitStatus::system, std::string("the ring for results: ") + error.what());
  }
}

std::optional<uint32_t> ResultRing::put(std::string_view lines) {
  const uint64_t size = ring_.size();
  const uint64_t taken = std::atomic_ref(counters().taken).load(std::memory_order_acquire);
  uint64_t needed = std::max(taken, skipped_);
  uint64_t begin = counters().put;
  // Into an empty ring always the same memory is written, because that is in the caches.
  if (begin <= needed) begin = needed = (needed + size - 1) / size * size;
  if (begin + lines.size() > needed + size) return std::nullopt;
  const uint64_t end = std::min(begin % size + lines.size(), size);
  if (end > allocated_) {
    if (allocate(fd_, allocated_, end) != 0) return std::nullopt;
    allocated_ = end;
  }
  std::memcpy(ring_.at(begin), lines.data(), lines.size());
  counters().put = begin + lines.size();
  skipped_ = needed;
  return static_cast<uint32_t>(begin % size);
}

std::optional<std::string_view> ResultRing::at(uint32_t position, uint64_t size) const {
  if (position >= ring_.size() || size > ring_.size()) return std::nullopt;
  return std::string_view(ring_.at(position), size);
}

void ResultRing::taken(uint32_t position, uint64_t size) {
  uint64_t& counter = counters().taken;
  // The first byte at this position that has not been taken yet.
  const uint64_t ahead = (position + ring_.size() - counter % ring_.size()) % ring_.size();
  std::atomic_ref(counter).store(counter + ahead + size, std::memory_order_release);
}

}  // namespace rowsum
