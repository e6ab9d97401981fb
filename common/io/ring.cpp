#include "common/io/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace ipc = boost::interprocess;

namespace {
constexpr uint64_t first_allocation = 256 << 10;
constexpr const char* name_in_messages = "the ring for the input";
}  // namespace

Ring::Ring(uint64_t size) {
  const uint64_t page = ipc::mapped_region::get_page_size();
  size_ = (size + page - 1) / page * page;
  file_ = OwnedFd(::memfd_create("ring", MFD_CLOEXEC));
  if (!file_.is_open() || ::ftruncate(fd(), static_cast<off_t>(size_)) != 0) {
    throw Failure::from_errno(ExitStatus::system, name_in_messages);
  }
  // Reserves addresses for both mappings, which then replace the reservation.
  void* const at =
      ::mmap(nullptr, 2 * size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw Failure::from_errno(ExitStatus::system, name_in_messages);
  try {
    const std::string path = "/proc/self/fd/" + std::to_string(fd());
    const ipc::file_mapping file(path.c_str(), ipc::read_write);
    first_ = ipc::mapped_region(file, ipc::read_write, 0, size_, at, MAP_FIXED);
    second_ = ipc::mapped_region(file, ipc::read_write, 0, size_, static_cast<char*>(at) + size_,
                                 MAP_FIXED);
  } catch (const ipc::interprocess_exception& error) {
    ::munmap(at, 2 * size_);
    throw Failure(ExitStatus::system, std::string(name_in_messages) + ": " + error.what());
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
  const int error = ::posix_fallocate(fd(), static_cast<off_t>(allocated_),
                                      static_cast<off_t>(wanted - allocated_));
  if (error == EINTR) return allocate_to(end);
  if (error != 0) {
    errno = error;
    throw Failure::from_errno(ExitStatus::io, name_in_messages);
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
