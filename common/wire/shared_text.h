// SPDX-License-Identifier: MIT
// Reads the text of batches that are sent by reference, and of chunks.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/buffer.h"
#include "common/io/owned_fd.h"
#include "common/io/ring.h"
#include "common/model/batch.h"
#include "common/wire/hello.h"

namespace rowsum {

/// How many chunks SharedText keeps the text of. No more than these should be sent to a worker
/// before the batch of the first of them.
constexpr size_t kept_chunks = 3;

/// Opens a file that the parent of this process has open as `descriptor`. Throws Failure(io).
OwnedFd open_input_of_parent(uint32_t descriptor, const std::string& name);

class SharedText {
 public:
  /// `where`: what the hello says, with a descriptor that is open in this process. Throws
  /// Failure(system) if a ring cannot be mapped.
  explicit SharedText(const Shared& where);

  /// From now on the text lies in this file, which is not owned. Byte 0 of it is at `origin` of all
  /// the inputs.
  void use(int fd, uint64_t origin);

  /// Returns the text of the batch, which is valid until the next call. What belongs to a chunk
  /// that is kept is not read again. `name`: the name of its input, for messages. Throws
  /// Failure(io), also if a plain file ends too early.
  std::string_view of(const Batch& batch, const std::string& name);

  /// The same in the memory `room`, which has batch.text bytes.
  std::string_view read_into(std::span<char> room, const Batch& batch, const std::string& name);

  /// Reads a chunk of a plain file, and keeps its text until `kept_chunks` others have been read.
  /// Returns the text, which is shorter if the file ends too early. Throws Failure(io).
  std::string_view chunk(const Range& range, const std::string& name);

 private:
  struct Kept {
    Range range;
    Buffer bytes;  // room for the beginning of a row that ends in the chunk, then the chunk
  };

  /// Returns the chunk in which the batch ends, if it is kept and has room for what comes before.
  Kept* kept_for(const Batch& batch);
  size_t read_some(std::span<char> into, uint64_t offset, const std::string& name);
  void read(std::span<char> into, uint64_t offset, const std::string& name);

  int fd_;
  uint64_t origin_ = 0;
  std::optional<RingMapping> ring_;  // read as it is, without a copy
  std::array<Kept, kept_chunks> kept_;
  size_t next_ = 0;  // which one the next chunk replaces
  Buffer buffer_;    // the text of a batch of which no chunk is kept
};

}  // namespace rowsum
