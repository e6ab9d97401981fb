// Input that is no plain file, kept where the workers can read it by offset as if it were one: the
// byte at input offset x lies at x mod size() of a file in memory (memfd_create(2)).
#pragma once

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstdint>
#include <span>
#include <string>

#include "common/io/owned_fd.h"

namespace rowsum {

/// The writing side. The file is mapped twice, side by side, so that any stretch of up to size()
/// bytes is contiguous memory. Blocks are allocated ahead of their use, in doubling steps: a lack
/// of memory is a Failure and never a SIGBUS, and a short input stays cheap.
///
/// Nothing here knows which bytes are still wanted; who writes must not get size() bytes ahead of
/// the oldest of them.
class Ring {
 public:
  /// `size` is rounded up to pages. Throws Failure(system) without memory or address space.
  explicit Ring(uint64_t size);

  uint64_t size() const { return size_; }
  int fd() const { return file_.get(); }

  /// The memory of `bytes` bytes from input offset `offset` on; at most size(). Throws
  /// Failure(io) when there is no room.
  std::span<char> space(uint64_t offset, size_t bytes);

 private:
  void allocate_to(uint64_t end);

  OwnedFd file_;
  uint64_t size_;
  uint64_t allocated_ = 0;  // bytes of the file that have blocks
  boost::interprocess::mapped_region first_;
  boost::interprocess::mapped_region second_;
};

/// The reading side, for any process that has the file: fills `into` from input offset `offset`.
/// A ring size of 0 means a plain file, where x lies at x. Throws Failure(io), also when a plain
/// file ends before that.
void pread_shared(int fd, uint64_t ring_size, std::span<char> into, uint64_t offset,
                  const std::string& name);

}  // namespace rowsum
