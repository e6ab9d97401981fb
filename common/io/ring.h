// SPDX-License-Identifier: MIT
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

/// The file of a ring, mapped twice, side by side, so that any part of up to size() bytes is
/// contiguous memory.
class RingMapping {
 public:
  /// `size`: a multiple of the page size, and no more than the file has. Throws Failure(system) if
  /// that is not so, or if there is no address space. `name`: of the ring, for the message.
  RingMapping(int fd, uint64_t size, boost::interprocess::mode_t mode, const std::string& name);

  uint64_t size() const { return size_; }
  /// Where the byte at an input offset lies. Up to size() bytes follow one another there.
  char* at(uint64_t offset) const {
    return static_cast<char*>(first_.get_address()) + offset % size_;
  }

 private:
  uint64_t size_;
  boost::interprocess::mapped_region first_;
  boost::interprocess::mapped_region second_;
};

/// Gives blocks to the bytes of a file from `begin` to before `end`, so that writing there cannot
/// fail for lack of memory. Returns 0 or an error number.
int allocate(int fd, uint64_t begin, uint64_t end);

/// The writing side. Blocks are allocated before they are used, so a lack of memory is a Failure
/// and never a SIGBUS. They are allocated in doubling steps, so a short input needs little memory.
///
/// The ring does not know which bytes are still needed. The writer must not get more than size()
/// bytes ahead of the oldest of them.
class Ring {
 public:
  /// `size` is rounded up to pages. Throws Failure(system) if there is no memory or address space.
  explicit Ring(uint64_t size);

  uint64_t size() const { return mapping_.size(); }
  int fd() const { return file_.get(); }

  /// Returns the memory for the `bytes` bytes, at most size(), from input offset `offset` on.
  /// Throws Failure(io) if there is no memory for them.
  std::span<char> space(uint64_t offset, size_t bytes);

 private:
  void allocate_to(uint64_t end);

  OwnedFd file_;
  RingMapping mapping_;
  uint64_t allocated_ = 0;  // bytes of the file that have blocks
};

}  // namespace rowsum
