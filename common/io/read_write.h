// SPDX-License-Identifier: MIT
// read(2), writev(2), splice(2), poll(2) and their like as the rest of the suite needs them: they
// never fail with EINTR, counts are short only where a comment says so, and failures are thrown
// with the name of the file.
//
// `name` is the name of the file in messages: "standard input", "in.csv", "out.3".
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/failure.h"

namespace rowsum {

/// The Failure for a file that ends before it should.
Failure shrunk(const std::string& name);

/// Reads up to into.size() bytes, at least one. Returns 0 at the end of the file. Throws
/// Failure(io), or Failure(no_input) for a directory.
size_t read_some(int fd, std::span<char> into, const std::string& name);

/// The same on a non-blocking descriptor. Returns -1 if there is nothing to read now.
ssize_t read_available(int fd, std::span<char> into, const std::string& name);

/// Reads into.size() bytes from `offset` on, fewer only if the file ends before that. Throws
/// Failure(io).
size_t pread_fully(int fd, std::span<char> into, uint64_t offset, const std::string& name);

/// Writes all of the parts, in order, even if a single write(2) is short. Throws Failure(io), or a
/// silent Failure(downstream_closed) if the file has no reader any more.
void write_all(int fd, std::span<const std::string_view> parts, const std::string& name);
void write_all(int fd, std::string_view bytes, const std::string& name);

/// Moves the bytes of a regular file from `offset` to `end` into a pipe, without copying them if
/// the file system allows that. `offset` advances with the bytes. Throws as write_all(), and
/// Failure(io) with the name of the file if it cannot be read or ends before `end`.
void splice_all(int file, uint64_t& offset, uint64_t end, int pipe, const std::string& file_name,
                const std::string& pipe_name);

/// Some file systems, for example NFS, report only when a file is closed that they could not write.
/// This function makes them report it, and leaves `fd` open. Throws Failure(io).
void flush(int fd, const std::string& name);

bool is_pipe(int fd);
/// Whether what is written is for another process.
bool is_pipe_or_socket(int fd);

/// Throws Failure(system).
void make_non_blocking(int fd, const std::string& name);

/// Enlarges a pipe so that it holds several batches, which more than doubles its throughput. If the
/// kernel refuses (pipe(7), /proc/sys/fs/pipe-user-pages-soft), or if the descriptor is no pipe,
/// nothing changes.
void widen_pipe(int fd);

/// Makes an empty pipe as small as it can be. Then poll(2) says that it can be written only when
/// all that was written to it has been read.
void narrow_pipe(int fd);

/// Writes as much as fits now to a non-blocking descriptor, and returns how much. Throws as
/// write_all().
size_t write_available(int fd, std::string_view bytes, const std::string& name);

/// Calls poll(2) without a time limit (-1) or with one in milliseconds. EINTR starts the call
/// again. Returns the number of entries with events. Throws Failure(system).
int poll_fds(std::span<pollfd> fds, int timeout_ms = -1);

/// Waits until `in` has something to read or has ended. Throws a silent Failure(downstream_closed)
/// as soon as the reader of one of `outs` has gone. So a program whose output has no reader ends,
/// even if nothing comes from its input.
void wait_readable(int in, std::span<const int> outs);

/// Whether read(2) would return at once, with data or with the end of the file.
bool is_readable_now(int fd);

}  // namespace rowsum
