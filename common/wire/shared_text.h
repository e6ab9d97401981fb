// The text of batches that travel by reference, as whoever needs it reads it for itself.
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
  /// `where`: as the hello says it, with a descriptor of this process.
  explicit SharedText(const Shared& where) : where_(where) {}

  /// The batch's text; valid until the next call. `name`: of its input, for messages. Throws
  /// Failure(io), also when a plain file ends before that.
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
