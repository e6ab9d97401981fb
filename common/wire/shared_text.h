// Reads the text of batches that are sent by reference.
#pragma once

#include <string>
#include <string_view>

#include "common/base/buffer.h"
#include "common/io/ring.h"
#include "common/model/batch.h"
#include "common/wire/hello.h"

namespace rowsum {

class SharedText {
 public:
  /// `where`: what the hello says, with a descriptor that is open in this process.
  explicit SharedText(const Shared& where) : where_(where) {}

  /// Returns the text of the batch, which is valid until the next call. `name`: the name of its
  /// input, for messages. Throws Failure(io), also if a plain file ends too early.
  std::string_view of(const Batch& batch, const std::string& name) {
    buffer_.reserve(batch.text);
    pread_shared(where_.fd, where_.ring_size, {buffer_.data(), batch.text}, batch.text_begin(),
                 name);
    return {buffer_.data(), batch.text};
  }

 private:
  Shared where_;
  Buffer buffer_;
};

}  // namespace rowsum
