// The input in a place where the workers can read it: the plain file itself, or a ring into which
// p1_read copies the input.
#pragma once

#include <memory>
#include <span>

#include "common/base/buffer.h"
#include "common/io/owned_fd.h"
#include "common/io/ring.h"
#include "common/wire/hello.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

class SharedInput {
 public:
  /// `window`: how many bytes of batches may be outstanding at once. A ring that holds less,
  /// because its size is limited, slows the run down. Throws Failure(system).
  SharedInput(const Inputs& inputs, const BatcherOptions& options, uint64_t window);

  /// Where the text is, for the hello. The descriptor is greater than 2 and is closed by execve(2).
  Shared where() const;

  /// Memory for the `bytes` bytes of the input from `offset` on. There must be room for them.
  /// Throws Failure(io).
  std::span<char> space(uint64_t offset, size_t bytes);
  /// Whether the bytes before `end` fit while those from `oldest` on are still needed.
  bool has_room(uint64_t oldest, uint64_t end) const {
    return !ring_ || end <= oldest + ring_->size();
  }

 private:
  OwnedFd file_;                // the plain file, or closed
  std::unique_ptr<Ring> ring_;  // nullptr for a plain file
  Buffer scratch_;              // the bytes of a plain file while they are cut
};

}  // namespace rowsum
