// Text as p2_sum holds it: in a buffer whose bytes beyond the text may be read and mean nothing.
#pragma once

#include <cstring>
#include <string_view>

#include "common/base/buffer.h"

namespace rowsum {

class PaddedText {
 public:
  /// Beyond the text stands what would change any sum, were it taken for a part of the last row;
  /// beyond the padding there is nothing, which a sanitizer sees.
  explicit PaddedText(std::string_view text) : size_(text.size()) {
    buffer_.reserve(size_);
    if (size_ == 0) return;
    std::memcpy(buffer_.data(), text.data(), size_);
    std::memset(buffer_.data() + size_, '9', Buffer::padding);
  }

  std::string_view text() const { return {buffer_.data(), size_}; }

 private:
  Buffer buffer_;
  size_t size_;
};

}  // namespace rowsum
