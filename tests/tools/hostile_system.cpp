// SPDX-License-Identifier: MIT
// Makes system calls of a program fail. This file is linked to p1_read, p2_sum and p3_write and
// replaces the calls below by means of the linker's --wrap. The programs are static, so nothing
// could be preloaded. A call of every kind can fail here, malloc too.
//
//   HOSTILE_PROGRAM  whom: p1_read, p2_sum or p3_write (default: all of them)
//   HOSTILE_CALL     which call, one of those at the end of this file
//   HOSTILE_AT       which of them fails, from 1
//   HOSTILE_ON       if set: and so do all that follow
//   HOSTILE_ERROR    with which errno
//   HOSTILE_LOG      a file that gets a byte when that has happened
//   HOSTILE_MOST     reads and writes take at most so many bytes
//   HOSTILE_EINTR    every so many calls of one kind one is interrupted
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/wire/scanned_chunk.h"

extern "C" ssize_t __real_write(int fd, const void* from, size_t size);

namespace {

struct Settings {
  const char* call = std::getenv("HOSTILE_CALL");
  unsigned long at = number("HOSTILE_AT");
  bool goes_on = std::getenv("HOSTILE_ON");
  int error = static_cast<int>(number("HOSTILE_ERROR"));
  unsigned long most = number("HOSTILE_MOST");
  unsigned long eintr = number("HOSTILE_EINTR");
  bool is_meant = true;

  Settings() {
    const char* const program = std::getenv("HOSTILE_PROGRAM");
    is_meant = !program || std::strcmp(program, program_invocation_short_name) == 0;
  }
  static unsigned long number(const char* name) {
    const char* const value = std::getenv(name);
    return value ? std::strtoul(value, nullptr, 10) : 0;
  }
};

const Settings& settings() {
  static const Settings all;
  return all;
}

void note() {
  static bool is_noted = false;
  const char* const path = std::getenv("HOSTILE_LOG");
  if (is_noted || !path) return;
  is_noted = true;
  const int saved = errno;
  const int fd = ::openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  __real_write(fd, "!", 1);
  ::close(fd);
  errno = saved;
}

/// The C library allocates before it knows the name of the program, and dies if it cannot.
bool has_begun() {
  return program_invocation_short_name[0] != '\0';
}

/// Whether this call has to fail; then errno is set. `count`: how many calls of its kind came
/// before.
bool fails(const char* call, unsigned long& count, bool can_be_interrupted = false) {
  if (!has_begun() || !settings().is_meant) return false;
  ++count;
  if (can_be_interrupted && settings().eintr != 0 && count % settings().eintr == 0) {
    errno = EINTR;
    return true;
  }
  if (!settings().call || std::strcmp(call, settings().call) != 0) return false;
  if (count < settings().at || (count > settings().at && !settings().goes_on)) return false;
  note();
  errno = settings().error;
  return true;
}

size_t at_most(size_t bytes) {
  return settings().is_meant && settings().most != 0 ? std::min(bytes, settings().most) : bytes;
}

}  // namespace

// Name, what it returns, what it returns when it fails, parameters, arguments.
#define FAILING(name, type, failure, parameters, arguments) \
  extern "C" type __real_##name parameters;                 \
  extern "C" type __wrap_##name parameters;                 \
  extern "C" type __wrap_##name parameters {                \
    static unsigned long count = 0;                         \
    if (fails(#name, count)) return failure;                \
    return __real_##name arguments;                         \
  }
#define INTERRUPTED(name, type, failure, parameters, arguments) \
  extern "C" type __real_##name parameters;                     \
  extern "C" type __wrap_##name parameters;                     \
  extern "C" type __wrap_##name parameters {                    \
    static unsigned long count = 0;                             \
    if (fails(#name, count, true)) return failure;              \
    return __real_##name arguments;                             \
  }

extern "C" void* __real_malloc(size_t size);
extern "C" void* __wrap_malloc(size_t size);
extern "C" void* __wrap_malloc(size_t size) {
  static unsigned long count = 0;
  static bool has_pool = false;
  // The memory that the library keeps for exceptions when there is no other. Without it no
  // exception can be thrown.
  if (!has_pool) {
    has_pool = size > 0x10000;
    return __real_malloc(size);
  }
  return fails("malloc", count) ? nullptr : __real_malloc(size);
}

FAILING(calloc, void*, nullptr, (size_t count_, size_t size), (count_, size))
FAILING(realloc, void*, nullptr, (void* old, size_t size), (old, size))
FAILING(aligned_alloc, void*, nullptr, (size_t alignment, size_t size), (alignment, size))
FAILING(mmap, void*, MAP_FAILED, (void* at, size_t size, int prot, int flags, int fd, off_t offset),
        (at, size, prot, flags, fd, offset))
FAILING(open, int, -1, (const char* path, int flags, mode_t mode), (path, flags, mode))
FAILING(fcntl, int, -1, (int fd, int what, long argument), (fd, what, argument))
FAILING(ftruncate, int, -1, (int fd, off_t size), (fd, size))
FAILING(posix_fallocate, int, errno, (int fd, off_t offset, off_t size), (fd, offset, size))
FAILING(fsync, int, -1, (int fd), (fd))
FAILING(linkat, int, -1, (int at, const char* old, int to, const char* path, int flags),
        (at, old, to, path, flags))
FAILING(rename, int, -1, (const char* old, const char* path), (old, path))
INTERRUPTED(poll, int, -1, (pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
INTERRUPTED(read, ssize_t, -1, (int fd, void* into, size_t size), (fd, into, at_most(size)))
INTERRUPTED(pread, ssize_t, -1, (int fd, void* into, size_t size, off_t offset),
            (fd, into, at_most(size), offset))
INTERRUPTED(splice, ssize_t, -1,
            (int in, off_t* from, int out, off_t* to, size_t size, unsigned flags),
            (in, from, out, to, at_most(size), flags))

extern "C" ssize_t __real_writev(int fd, const iovec* parts, int n);
extern "C" ssize_t __wrap_writev(int fd, const iovec* parts, int n);
extern "C" ssize_t __wrap_writev(int fd, const iovec* parts, int n) {
  static unsigned long count = 0;
  if (fails("writev", count, true)) return -1;
  if (!settings().is_meant || settings().most == 0) return __real_writev(fd, parts, n);
  // Workers rely on what pipe(7) promises: so few bytes stay in one piece.
  if (n == 1 && parts->iov_len == rowsum::scanned_chunk_size) return __real_writev(fd, parts, n);
  for (int i = 0; i < n; ++i) {
    if (parts[i].iov_len > 0) {
      return __real_write(fd, parts[i].iov_base, at_most(parts[i].iov_len));
    }
  }
  return 0;
}

extern "C" ssize_t __wrap_write(int fd, const void* from, size_t size);
extern "C" ssize_t __wrap_write(int fd, const void* from, size_t size) {
  static unsigned long count = 0;
  if (fd == STDERR_FILENO)
    return __real_write(fd, from, size);  // otherwise the failure could not be reported
  if (fails("write", count, true)) return -1;
  return __real_write(fd, from, at_most(size));
}
