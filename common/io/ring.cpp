// SPDX-License-Identifier: MIT
#include "common/io/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace ipc = boost::interprocess;

namespace {

constexpr uint64_t first_allocation = 256 << 10;
constexpr const char* name_in_messages = "the ring for the input";

uint64_t whole_pages(uint64_t size) {
  const uint64_t page = ipc::mapped_region::get_page_size();
  return (size + page - 1) / page * page;
}

OwnedFd make_file(uint64_t size) {
  OwnedFd file(::memfd_create("ring", MFD_CLOEXEC));
  if (!file.is_open() || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    throw Failure::from_errno(ExitStatus::system, name_in_messages);
  }
  return file;
}

}  // namespace

RingMapping::RingMapping(int fd, uint64_t size, ipc::mode_t mode, const std::string& name)
    : size_(size) {
  struct stat status;
  if (::fstat(fd, &status) != 0 || static_cast<uint64_t>(status.st_size) < size) {
    throw Failure(ExitStatus::system, name + ": a file that is too small");
  }
  // Reserves addresses for both mappings, which then replace the reservation.
  void* const at =
      ::mmap(nullptr, 2 * size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw Failure::from_errno(ExitStatus::system, name);
  try {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const ipc::file_mapping file(path.c_str(), mode);
    first_ = ipc::mapped_region(file, mode, 0, size_, at, MAP_FIXED);
    second_ = ipc::mapped_region(file, mode, 0, size_, static_cast<char*>(at) + size_, MAP_FIXED);
  } catch (const ipc::interprocess_exception& error) {
    ::munmap(at, 2 * size_);
    throw Failure(ExitStatus::system, name + ": " + error.what());
  }
}

int allocate(int fd, uint64_t begin, uint64_t end) {
  int error = EINTR;
  while (error == EINTR) {
    error = ::posix_fallocate(fd, static_cast<off_t>(begin), static_cast<off_t>(end - begin));
  }
  return error;
}

Ring::Ring(uint64_t size)
    : file_(make_file(whole_pages(size))),
      mapping_(fd(), whole_pages(size), ipc::read_write, name_in_messages) {}

std::span<char> Ring::space(uint64_t offset, size_t bytes) {
  allocate_to(std::min(offset % size() + bytes, size()));
  return {mapping_.at(offset), bytes};
}

void Ring::allocate_to(uint64_t end) {
  if (end <= allocated_) return;
  const uint64_t wanted = std::min(size(), std::max({end, 2 * allocated_, first_allocation}));
  const int error = allocate(fd(), allocated_, wanted);
  if (error != 0) {
    errno = error;
    throw Failure::from_errno(ExitStatus::io, name_in_messages);
  }
  allocated_ = wanted;
}

}  // namespace rowsum
