// SPDX-License-Identifier: MIT
// A file descriptor with one owner, closed once. It can be moved but not copied. There is no
// conversion to bool, because 0 is a valid descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace rowsum {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  /// close(2) is not retried after EINTR, because on Linux the descriptor has been released by
  /// then. A file whose data must be safe has to be synced before, when the error can still be
  /// reported.
  ~OwnedFd() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace rowsum
