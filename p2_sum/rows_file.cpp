// SPDX-License-Identifier: MIT
#include "p2_sum/rows_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/interprocess/file_mapping.hpp>
#include <cerrno>
#include <string>

#include "common/base/failure.h"
#include "common/io/ring.h"

namespace rowsum {

namespace ipc = boost::interprocess;

namespace {

constexpr const char* name_in_messages = "the input of the command";

Failure failed() {
  return Failure::from_errno(ExitStatus::system, name_in_messages);
}

std::string path_of(const OwnedFd& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

}  // namespace

RowsFile::RowsFile() : file_(::memfd_create("rows", MFD_CLOEXEC)) {
  if (!file_.is_open()) throw failed();
}

std::span<char> RowsFile::space(size_t size) {
  if (size > allocated_) {
    // Memory that cannot be had is noticed here, and not by a signal when it is written.
    errno = allocate(file_.get(), allocated_, size);
    if (errno != 0) throw failed();
    allocated_ = size;
  }
  if (size > mapping_.get_size()) {
    try {
      // It may reach beyond the end of the file.
      const size_t with_reserve = std::max(size, 2 * mapping_.get_size());
      mapping_ = {};
      mapping_ = ipc::mapped_region(ipc::file_mapping(path_of(file_).c_str(), ipc::read_write),
                                    ipc::read_write, 0, with_reserve);
    } catch (const ipc::interprocess_exception& error) {
      throw Failure(ExitStatus::system, std::string(name_in_messages) + ": " + error.what());
    }
  }
  return {static_cast<char*>(mapping_.get_address()), size};
}

OwnedFd RowsFile::open(size_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) throw failed();
  allocated_ = size;
  OwnedFd file(::open(path_of(file_).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw failed();
  return file;
}

}  // namespace rowsum
