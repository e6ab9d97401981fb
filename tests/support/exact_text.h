// Text with nothing before it and nothing behind it.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>

namespace rowsum {

/// A copy in a block of memory of exactly that size, so that a sanitizer sees whoever reads beyond.
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
