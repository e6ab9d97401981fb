// A buffer for bytes that are about to be overwritten. Growing it does not clear them, as growing a
// std::vector would.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

namespace rowsum {

class Buffer {
 public:
  /// Makes room for `size` bytes, keeping the first `kept` ones. Grows at least by half, so that
  /// growing in steps costs linear time.
  void reserve(size_t size, size_t kept = 0) {
    if (size <= capacity_) return;
    const size_t capacity = std::max(size, capacity_ + capacity_ / 2);
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(grown.get(), bytes_.get(), kept);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
};

}  // namespace rowsum
