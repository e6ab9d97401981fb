// The input where the workers can read it: the plain file itself, or a ring into which it is read.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/ring.h"
#include "common/wire/hello.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

class SharedInput {
 public:
  /// `window`: bytes of batches that may be outstanding at once, if memory allows; a ring that
  /// holds less slows the run down. Throws Failure(system).
  SharedInput(const Inputs& inputs, const BatcherOptions& options, uint64_t window);

  /// For the hello. The descriptor is one above 2, and closed by execve(2).
  Shared where() const;

  /// Memory for the `bytes` bytes of the input from `offset` on; there must be room for them.
  /// Throws Failure(io).
  std::span<char> space(uint64_t offset, size_t bytes);
  /// Whether the bytes before `end` fit while those from `oldest` on are still needed.
  bool has_room(uint64_t oldest, uint64_t end) const {
    return !ring_ || end <= oldest + ring_->size();
  }

 private:
  OwnedFd file_;                // the plain file, or closed
  std::unique_ptr<Ring> ring_;  // none for a plain file
  std::vector<char> scratch_;   // a plain file's bytes on their way past the cutter
};

}  // namespace rowsum
