// Keeps input that is not one plain file in a place where the workers can read it by offset: the
// byte at input offset x lies at x mod size() of a file in memory (memfd_create(2)).
#pragma once

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstdint>
#include <span>
#include <string>

#include "common/io/owned_fd.h"

namespace rowsum {

/// The writing side. The file is mapped twice, side by side, so that any part of up to size() bytes
/// is contiguous memory. Blocks are allocated before they are used, so a lack of memory is a
/// Failure and never a SIGBUS. They are allocated in doubling steps, so a short input needs little
/// memory.
///
/// The ring does not know which bytes are still needed. The writer must not get more than size()
/// bytes ahead of the oldest of them.
class Ring {
 public:
  /// `size` is rounded up to pages. Throws Failure(system) if there is no memory or address space.
  explicit Ring(uint64_t size);

  uint64_t size() const { return size_; }
  int fd() const { return file_.get(); }

  /// Returns the memory for the `bytes` bytes, at most size(), from input offset `offset` on.
  /// Throws Failure(io) if there is no memory for them.
  std::span<char> space(uint64_t offset, size_t bytes);

 private:
  void allocate_to(uint64_t end);

  OwnedFd file_;
  uint64_t size_;
  uint64_t allocated_ = 0;  // bytes of the file that have blocks
  boost::interprocess::mapped_region first_;
  boost::interprocess::mapped_region second_;
};

/// The reading side, for any process that has the file. Fills `into` with the input from `offset`
/// on. A ring size of 0 means a plain file, in which byte x lies at x. Throws Failure(io), also if
/// a plain file ends too early.
void pread_shared(int fd, uint64_t ring_size, std::span<char> into, uint64_t offset,
                  const std::string& name);

}  // namespace rowsum
