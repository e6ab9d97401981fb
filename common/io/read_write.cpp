// SPDX-License-Identifier: MIT
#include "common/io/read_write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace rowsum {

namespace {

/// Repeats `call` while it is interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void throw_read_failure(const std::string& name) {
  throw Failure::from_errno(errno == EISDIR ? ExitStatus::no_input : ExitStatus::io, name);
}

[[noreturn]] void throw_write_failure(const std::string& name) {
  const bool has_no_reader = errno == EPIPE || errno == ECONNRESET;
  if (has_no_reader) throw Failure::silent(ExitStatus::downstream_closed);
  throw Failure::from_errno(ExitStatus::io, name);
}

void copy_all(int file, uint64_t& offset, uint64_t end, int pipe, const std::string& file_name,
              const std::string& pipe_name) {
  std::vector<char> buffer(std::min(end - offset, uint64_t{64} << 10));
  while (offset < end) {
    const std::span<char> part = std::span(buffer).first(std::min(end - offset, buffer.size()));
    if (pread_fully(file, part, offset, file_name) < part.size()) throw shrunk(file_name);
    write_all(pipe, std::string_view(part.data(), part.size()), pipe_name);
    offset += part.size();
  }
}

}  // namespace

Failure shrunk(const std::string& name) {
  return Failure(ExitStatus::io, name + ": it shrank while it was read");
}

size_t read_some(int fd, std::span<char> into, const std::string& name) {
  const ssize_t n = uninterrupted([&] { return ::read(fd, into.data(), into.size()); });
  if (n >= 0) return static_cast<size_t>(n);
  if (errno != EAGAIN) throw_read_failure(name);
  // Another process has left the descriptor non-blocking, which can happen with the terminal of a
  // shell.
  pollfd wanted{fd, POLLIN, 0};
  poll_fds({&wanted, 1});
  return read_some(fd, into, name);
}

ssize_t read_available(int fd, std::span<char> into, const std::string& name) {
  const ssize_t n = uninterrupted([&] { return ::read(fd, into.data(), into.size()); });
  if (n < 0 && errno != EAGAIN) throw_read_failure(name);
  return n;
}

size_t pread_fully(int fd, std::span<char> into, uint64_t offset, const std::string& name) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = uninterrupted([&] {
      return ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    });
    if (n < 0) throw_read_failure(name);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

void write_all(int fd, std::span<const std::string_view> parts, const std::string& name) {
  constexpr size_t most = 8;
  std::array<iovec, most> pieces;
  size_t part = 0;    // the first part that is not yet written as a whole
  size_t within = 0;  // how much of it is written
  while (true) {
    while (part < parts.size() && within == parts[part].size()) {
      ++part;
      within = 0;
    }
    if (part == parts.size()) return;
    size_t count = 0;
    for (size_t i = part; i < parts.size() && count < most; ++i, ++count) {
      const std::string_view rest = i == part ? parts[i].substr(within) : parts[i];
      pieces[count] = {const_cast<char*>(rest.data()), rest.size()};
    }
    const ssize_t n =
        uninterrupted([&] { return ::writev(fd, pieces.data(), static_cast<int>(count)); });
    if (n < 0 && errno == EAGAIN) {
      pollfd wanted{fd, POLLOUT, 0};
      poll_fds({&wanted, 1});
      continue;
    }
    if (n < 0) throw_write_failure(name);
    for (auto left = static_cast<size_t>(n); left > 0;) {
      const size_t step = std::min(left, parts[part].size() - within);
      within += step;
      left -= step;
      if (left > 0) {
        ++part;
        within = 0;
      }
    }
  }
}

void write_all(int fd, std::string_view bytes, const std::string& name) {
  write_all(fd, std::span(&bytes, 1), name);
}

void splice_all(int file, uint64_t& offset, uint64_t end, int pipe, const std::string& file_name,
                const std::string& pipe_name) {
  while (offset < end) {
    auto from = static_cast<off_t>(offset);
    const ssize_t n = uninterrupted(
        [&] { return ::splice(file, &from, pipe, nullptr, end - offset, SPLICE_F_MORE); });
    if (n < 0 && errno == EAGAIN) {
      pollfd wanted{pipe, POLLOUT, 0};
      poll_fds({&wanted, 1});
      continue;
    }
    if (n < 0 && errno == EINVAL) {  // the file system does not support splice(2)
      return copy_all(file, offset, end, pipe, file_name, pipe_name);
    }
    if (n < 0 && errno == EPIPE) throw_write_failure(pipe_name);
    if (n < 0) throw_read_failure(file_name);
    if (n == 0) throw shrunk(file_name);
    offset += static_cast<uint64_t>(n);
  }
}

void flush(int fd, const std::string& name) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR) {
    throw Failure::from_errno(ExitStatus::io, name);
  }
}

bool is_pipe(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

bool is_pipe_or_socket(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

void make_non_blocking(int fd, const std::string& name) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    throw Failure::from_errno(ExitStatus::system, name);
  }
}

void widen_pipe(int fd) {
  constexpr int size = 1 << 20, usual = 64 << 10;
  if (::fcntl(fd, F_SETPIPE_SZ, size) >= 0 || ::fcntl(fd, F_GETPIPE_SZ) >= usual) return;
  ::fcntl(fd, F_SETPIPE_SZ, usual);  // it has been narrowed before
}

void narrow_pipe(int fd) {
  ::fcntl(fd, F_SETPIPE_SZ, 1);  // the kernel makes that a page
}

size_t write_available(int fd, std::string_view bytes, const std::string& name) {
  const ssize_t n = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
  if (n < 0 && errno != EAGAIN) throw_write_failure(name);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

int poll_fds(std::span<pollfd> fds, int timeout_ms) {
  const int n = uninterrupted([&] { return ::poll(fds.data(), fds.size(), timeout_ms); });
  if (n < 0) throw Failure::from_errno(ExitStatus::system, "poll");
  return n;
}

void wait_readable(int in, std::span<const int> outs) {
  std::vector<pollfd> fds{{in, POLLIN, 0}};
  for (const int out : outs) fds.push_back({out, 0, 0});
  poll_fds(fds);
  for (const pollfd& out : std::span(fds).subspan(1)) {
    // poll(2) reports these, without being asked for them, if a pipe (POLLERR) or a socket
    // (POLLHUP) has no reader.
    if (out.revents & (POLLERR | POLLHUP)) throw Failure::silent(ExitStatus::downstream_closed);
  }
}

bool is_readable_now(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  return poll_fds({&wanted, 1}, 0) > 0;
}

}  // namespace rowsum
