#include "common/io/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/interprocess/anonymous_shared_memory.hpp>

#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace ipc = boost::interprocess;

namespace {
constexpr uint64_t first_allocation = 256 << 10;
}

Ring::Ring(int fd, uint64_t size) : fd_(fd) {
  const uint64_t page = ipc::mapped_region::get_page_size();
  size_ = (size + page - 1) / page * page;
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
    throw Failure::from_errno(ExitStatus::io, "the ring for the input");
  }
  try {
    const std::string path = "/dev/fd/" + std::to_string(fd_);
    const ipc::file_mapping file(path.c_str(), ipc::read_write);
    // A stretch of addresses that is free for both copies; this process has one thread, so it
    // stays free until they are there. Without the flag the kernel takes an address for a hint, and
    // has better ideas for big mappings on some file systems.
    char* const at = static_cast<char*>(ipc::anonymous_shared_memory(2 * size_).get_address());
    first_ = ipc::mapped_region(file, ipc::read_write, 0, size_, at, MAP_FIXED_NOREPLACE);
    second_ = ipc::mapped_region(file, ipc::read_write, 0, size_, at + size_, MAP_FIXED_NOREPLACE);
  } catch (const ipc::interprocess_exception& error) {
    throw Failure(ExitStatus::system, std::string("the ring for the input: ") + error.what());
  }
}

std::span<char> Ring::space(uint64_t offset, size_t bytes) {
  const uint64_t at = offset % size_;
  allocate_to(std::min(at + bytes, size_));
  return {static_cast<char*>(first_.get_address()) + at, bytes};
}

void Ring::allocate_to(uint64_t end) {
  if (end <= allocated_) return;
  const uint64_t wanted = std::min(size_, std::max({end, 2 * allocated_, first_allocation}));
  const int error = ::posix_fallocate(fd_, static_cast<off_t>(allocated_),
                                      static_cast<off_t>(wanted - allocated_));
  if (error == EINTR) return allocate_to(end);
  if (error != 0) {
    errno = error;
    throw Failure::from_errno(ExitStatus::io, "the ring for the input");
  }
  allocated_ = wanted;
}

void pread_shared(int fd, uint64_t ring_size, std::span<char> into, uint64_t offset,
                  const std::string& name) {
  while (!into.empty()) {
    const uint64_t at = ring_size == 0 ? offset : offset % ring_size;
    const uint64_t contiguous = ring_size == 0 ? into.size() : ring_size - at;
    const std::span<char> part = into.first(std::min<uint64_t>(into.size(), contiguous));
    if (pread_fully(fd, part, at, name) < part.size()) throw shrunk(name);
    into = into.subspan(part.size());
    offset += part.size();
  }
}

}  // namespace rowsum
