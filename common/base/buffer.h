// SPDX-License-Identifier: MIT
// A buffer for bytes that are about to be overwritten. Growing it does not clear them, as growing a
// std::vector would. It begins at a page: the kernel takes twice as long to copy a file to memory
// that is not aligned to a cache line (measured on AMD Zen 4).
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace rowsum {

class Buffer {
 public:
  /// Makes room for `size` bytes, keeping the first `kept` ones. Grows at least by half, so that
  /// growing in steps costs linear time.
  void reserve(size_t size, size_t kept = 0) {
    if (size <= capacity_) return;
    const size_t capacity = std::max(size, capacity_ + capacity_ / 2);
    std::unique_ptr<char[], Free> grown(static_cast<char*>(::operator new[](capacity, alignment)));
    if (kept > 0) std::memcpy(grown.get(), bytes_.get(), kept);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t capacity() const { return capacity_; }

 private:
  static constexpr std::align_val_t alignment{4096};
  struct Free {
    void operator()(char* bytes) const { ::operator delete[](bytes, alignment); }
  };

  std::unique_ptr<char[], Free> bytes_;
  size_t capacity_ = 0;
};

}  // namespace rowsum
