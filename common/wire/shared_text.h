// Reads the text of batches that are sent by reference.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/buffer.h"
#include "common/io/read_write.h"
#include "common/io/ring.h"
#include "common/model/batch.h"
#include "common/wire/hello.h"

namespace rowsum {

class SharedText {
 public:
  /// `where`: what the hello says, with a descriptor that is open in this process. Throws
  /// Failure(system) if a ring cannot be mapped.
  explicit SharedText(const Shared& where) : fd_(where.fd) {
    if (where.ring_size > 0) {
      ring_.emplace(fd_, where.ring_size, boost::interprocess::read_only);
    }
  }

  /// Returns the text of the batch, which is valid until the next call. `name`: the name of its
  /// input, for messages. Throws Failure(io), also if a plain file ends too early.
  std::string_view of(const Batch& batch, const std::string& name) {
    if (ring_) return {ring_->at(batch.text_begin()), batch.text};
    buffer_.reserve(batch.text);
    const std::span<char> into(buffer_.data(), batch.text);
    if (pread_fully(fd_, into, batch.text_begin(), name) < into.size()) throw shrunk(name);
    return {buffer_.data(), batch.text};
  }

 private:
  int fd_;
  std::optional<RingMapping> ring_;  // read as it is, without a copy
  Buffer buffer_;
};

}  // namespace rowsum
