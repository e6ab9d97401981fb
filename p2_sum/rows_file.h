// SPDX-License-Identifier: MIT
// A file in memory from which a command reads the rows of a batch.
#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <span>

#include "common/io/owned_fd.h"

namespace rowsum {

/// The memory is used again for each batch. All functions throw Failure(system).
class RowsFile {
 public:
  RowsFile();

  /// The first `size` bytes of the file, to be written. What was written into them stays, and they
  /// stay where they are as long as no more are asked for.
  std::span<char> space(size_t size);

  /// The file has `size` bytes from now on, which have been written. Returns a descriptor that can
  /// only read, and begins at the first byte.
  OwnedFd open(size_t size);

 private:
  OwnedFd file_;  // from memfd_create(2)
  boost::interprocess::mapped_region mapping_;
  size_t allocated_ = 0;  // so many bytes can be written without a failure
};

}  // namespace rowsum
