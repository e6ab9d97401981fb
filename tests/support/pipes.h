// SPDX-License-Identifier: MIT
// Pipes for tests. They are made, filled and emptied without any of the code under test.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <thread>

#include "common/io/owned_fd.h"

namespace rowsum {

/// A pipe that holds one page, the least that the system offers, unless it is widened. Code that
/// works with it works with any pipe. The pipes of a user with many pipes are no larger, either.
struct Pipe {
  OwnedFd out;  // to be read
  OwnedFd in;   // to be written

  explicit Pipe(int flags = 0) {
    int fds[2];
    if (::pipe2(fds, flags | O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    out = OwnedFd(fds[0]);
    in = OwnedFd(fds[1]);
    ::fcntl(in.get(), F_SETPIPE_SZ, 1);
  }
};

/// Makes one end non-blocking. The flag belongs to the end and not to the pipe.
inline void make_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

inline size_t capacity(const Pipe& pipe) {
  return static_cast<size_t>(::fcntl(pipe.in.get(), F_GETPIPE_SZ));
}

/// Everything in the pipe up to the end of the file.
inline std::string read_to_end(int fd) {
  std::string all;
  std::array<char, 4096> bytes;
  ssize_t n = 0;
  while ((n = ::read(fd, bytes.data(), bytes.size())) != 0) {
    if (n > 0) all.append(bytes.data(), static_cast<size_t>(n));
    if (n < 0 && errno != EINTR) throw std::runtime_error("read");
  }
  return all;
}

/// A pipe that a thread reads to its end, so that any amount can be written into it.
class CollectedPipe {
 public:
  CollectedPipe() : reader_([this] { bytes_ = read_to_end(pipe_.out.get()); }) {}
  CollectedPipe(const CollectedPipe&) = delete;
  CollectedPipe& operator=(const CollectedPipe&) = delete;
  ~CollectedPipe() { end(); }

  int in() const { return pipe_.in.get(); }
  /// Returns all that was written. Waits until no other process has the writing end open, either.
  std::string end() {
    pipe_.in.close();
    if (reader_.joinable()) reader_.join();
    return bytes_;
  }

 private:
  Pipe pipe_;
  std::string bytes_;
  std::thread reader_;
};

/// Bytes that differ from place to place, so that a test notices a part that is lost, doubled or
/// moved.
inline std::string some_bytes(size_t size) {
  std::string bytes(size, '\0');
  unsigned state = 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

}  // namespace rowsum
