// SPDX-License-Identifier: MIT
// Where a worker puts the lines of its results, so that they need not be copied into a pipe and out
// of it: a file in memory (memfd_create(2)), which the worker and p3_write have mapped. It is a
// ring, and has its two counters behind it. The pipe of the worker still says, in order, where the
// lines of each result are. If the ring is full, the lines go through the pipe.
//
//   p1_read             OwnedFd file = make_result_ring(size);
//   the worker          if (const auto position = ring.put(lines)) ... send *position ...
//   p3_write            ring.at(position, size) ... ring.taken(position, size);
//
// A worker may die at any moment. The next one at its place goes on where it has stopped.
#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/io/owned_fd.h"
#include "common/io/ring.h"

namespace rowsum {

/// `size`: a multiple of the page size, below 4 GiB. Returns a closed descriptor if the system
/// refuses. Then all lines go through the pipe.
OwnedFd make_result_ring(uint64_t size);

class ResultRing {
 public:
  /// `fd` is not owned, and is used as long as put() is. Throws Failure(system) if the file cannot
  /// be mapped. A worker can go on without; p3_write cannot, because the worker may have a ring.
  explicit ResultRing(int fd);

  /// Copies the lines into the ring, and returns where they begin there. Returns nothing if there
  /// is no room, or no memory, for them.
  std::optional<uint32_t> put(std::string_view lines);

  /// The bytes that begin there; nothing if the ring does not have so many.
  std::optional<std::string_view> at(uint32_t position, uint64_t size) const;
  /// These bytes, and those that were put before them, are not needed any more.
  void taken(uint32_t position, uint64_t size);

 private:
  /// Both count bytes from the first one that was ever put.
  struct Counters {
    uint64_t put;    // up to where bytes have been put; only the worker uses it
    uint64_t taken;  // up to where they are not needed any more
  };
  Counters& counters() const { return *static_cast<Counters*>(shared_.get_address()); }

  int fd_;
  RingMapping ring_;
  uint64_t allocated_ = 0;  // bytes of the ring that have blocks for certain
  uint64_t skipped_ = 0;    // up to where nothing is needed, because put() has gone on from there
  boost::interprocess::mapped_region shared_;
};

}  // namespace rowsum
