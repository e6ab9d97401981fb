// SPDX-License-Identifier: MIT
// The input in a place where the workers can read it: plain files themselves, or a ring into which
// p1_read copies the input.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/buffer.h"
#include "common/io/owned_fd.h"
#include "common/io/ring.h"
#include "common/wire/hello.h"
#include "common/wire/shared_text.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

class SharedInput {
 public:
  /// `window`: for how many bytes of batches a ring has room, in addition to long rows.
  /// `uses_files`: whether several plain files are to be read where they are. One plain file always
  /// is. Throws Failure(system).
  SharedInput(const Inputs& inputs, const BatcherOptions& options, uint64_t window,
              bool uses_files);

  /// Where the text is, for the hello. The descriptor is greater than 2 and is closed by execve(2).
  /// It is -1 if the text is in several files.
  Shared where() const;

  /// One of several plain files.
  struct File {
    uint32_t input = 0;
    uint64_t origin = 0;  // the offset of its byte 0 in all of the inputs
    OwnedFd fd;
  };
  /// To be called for each input before it is read. `origin`: the offset of its byte 0. The files
  /// of inputs before `oldest` are not needed any more. Throws Failure(system), and Failure(io) for
  /// an input that is no plain file any more.
  void begin_input(const Inputs& inputs, uint64_t origin, uint32_t oldest);
  /// Whether each input stays open until it is not needed any more.
  bool keeps_files() const { return keeps_files_; }
  /// Where the input is, if there are several plain files; otherwise nullptr.
  const File* file_of(uint32_t input) const;

  /// The text of a batch, and of a chunk of a plain file; see SharedText. Each is valid until the
  /// next call.
  std::string_view text_of(const Batch& batch, const std::string& name);
  std::string_view chunk(const Range& range, uint32_t input, const std::string& name);

  /// Memory for the `bytes` bytes of the input from `offset` on, or for the first of them. There
  /// must be room for them.
  /// Throws Failure(io).
  std::span<char> space(uint64_t offset, size_t bytes);
  /// Whether the bytes before `end` fit while those from `oldest` on are still needed.
  bool has_room(uint64_t oldest, uint64_t end) const {
    return !ring_ || end <= oldest + ring_->size();
  }

 private:
  void make_ring(const BatcherOptions& options, uint64_t window);
  void use_file_of(uint32_t input);

  OwnedFd file_;                // the one plain file, or closed
  std::deque<File> files_;      // several plain files, as far as they are needed
  std::unique_ptr<Ring> ring_;  // nullptr for plain files
  std::optional<SharedText> text_;
  Buffer scratch_;    // the bytes of a plain file while they are cut
  bool keeps_files_;  // there are several plain files
};

}  // namespace rowsum
