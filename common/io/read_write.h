// read(2), writev(2), splice(2), poll(2) and their like as the rest of the suite wants them: never
// EINTR, short counts only where they are said, and failures thrown with the name of what failed.
//
// `name` is how messages call the file: "standard input", "in.csv", "out.3".
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/failure.h"

namespace rowsum {

/// What is thrown for a file that ends before it should.
Failure shrunk(const std::string& name);

/// Up to into.size() bytes, at least one; 0 at the end of the file. Throws Failure(io), or
/// Failure(no_input) for a directory.
size_t read_some(int fd, std::span<char> into, const std::string& name);

/// The same on a non-blocking descriptor, where -1 means: nothing now.
ssize_t read_available(int fd, std::span<char> into, const std::string& name);

/// into.size() bytes from `offset`, fewer only where the file ends. Throws Failure(io).
size_t pread_fully(int fd, std::span<char> into, uint64_t offset, const std::string& name);

/// All of the parts, in order, however short the single writes. Throws Failure(io), or a silent
/// Failure(downstream_closed) when nobody reads any more.
void write_all(int fd, std::span<const std::string_view> parts, const std::string& name);
void write_all(int fd, std::string_view bytes, const std::string& name);

/// Moves the bytes of a regular file from `offset` to `end` into a pipe without copying them, where
/// the file system can do that; `offset` goes forward with them. Throws as write_all(), and
/// Failure(io) with the name of the file where it cannot be read or ends before that.
void splice_all(int file, uint64_t& offset, uint64_t end, int pipe, const std::string& file_name,
                const std::string& pipe_name);

/// Some file systems, NFS for one, say only when a file is closed what they could not write: this
/// makes them say it, and leaves `fd` open. Throws Failure(io).
void flush(int fd, const std::string& name);

bool is_pipe(int fd);

/// Throws Failure(system).
void make_non_blocking(int fd, const std::string& name);

/// Asks for a pipe that holds several batches, which more than doubles what goes through it. A
/// refusal (pipe(7), /proc/sys/fs/pipe-user-pages-soft) costs nothing but that; neither does a
/// descriptor that is no pipe.
void widen_pipe(int fd);

/// On a non-blocking descriptor: as much as fits now, 0 when nothing does. Throws as write_all().
size_t write_available(int fd, std::string_view bytes, const std::string& name);

/// poll(2) without a time limit (-1) or with one in milliseconds; EINTR starts it again.
/// Returns the number of entries with events. Throws Failure(system).
int poll_fds(std::span<pollfd> fds, int timeout_ms = -1);

/// Waits until `in` has something to read (or ends). Throws a silent Failure(downstream_closed) as
/// soon as the reader of one of `outs` is gone, so that no program outlives the demand for its
/// output because its input happens to be quiet.
void wait_readable(int in, std::span<const int> outs);

/// Whether a read would return at once, with data or with the end.
bool is_readable_now(int fd);

}  // namespace rowsum
