// SPDX-License-Identifier: MIT
// Text in a block of memory of its own.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>

namespace rowsum {

/// A copy in a block of memory of exactly its size, so that a sanitizer finds code that reads
/// beyond it.
class ExactText {
 public:
  explicit ExactText(std::string_view text)
      : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }

  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

}  // namespace rowsum
