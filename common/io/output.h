// SPDX-License-Identifier: MIT
// A file that is written from beginning to end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

namespace rowsum {

/// A regular file appears under its name only when commit() has returned. It is written in the same
/// directory without a name (O_TMPFILE). If the file system cannot do that, it has a temporary
/// name, which is removed with this object and on SIGHUP, SIGINT, SIGQUIT and SIGTERM. Then it is
/// synced and renamed. A file that had the name before stays as it is until then. The new file has
/// its permissions, and a symbolic link to it keeps pointing there. A FIFO, a device or a socket is
/// written directly, and so is a descriptor of this process that is given by name (/dev/stdout,
/// /dev/fd/N, or - for standard output), whatever it is.
///
/// Throws Failure(cannot_create) or Failure(io), and a silent Failure(downstream_closed).
class Output {
 public:
  /// A file with which another run can go on if this process is killed. Until commit() its name is
  /// `path`.partial. It stays when this object is destroyed, unless it is empty. It is locked:
  /// throws Failure(cannot_create) if another process has locked it. Throws Failure(usage) if
  /// `path` is something other than a regular file.
  static Output partial(const std::string& path);
  explicit Output(const std::string& path);
  Output(Output&&) = default;
  ~Output();

  int fd() const { return fd_; }
  /// For messages.
  const std::string& name() const { return name_; }
  /// The name that the file gets, with symbolic links followed.
  const std::string& path() const { return path_; }
  void write(std::string_view bytes);
  /// How many bytes the file has.
  uint64_t size() const;
  /// Drops all but the first `length` bytes. Writing goes on after them.
  void cut(uint64_t length);
  /// Whether there is a regular file of the final name with `length` bytes. A partial file may have
  /// got its final name before this process began.
  bool is_there_already(uint64_t length) const;
  /// The file is complete already, so there is nothing to write. From now on cut() and commit() do
  /// nothing.
  void leave_alone() { is_done_ = true; }
  /// Makes sure that what has been written is safe on disk. If the file is written directly, the
  /// file system only gets the chance to report what it could not keep.
  void sync();
  /// Calls sync(), and then gives the file its name.
  void commit();

 private:
  Output() = default;
  void open_beside();
  void open_partial();

  OwnedFd file_;
  int fd_ = -1;
  std::string name_;
  std::string path_;       // of the file to be replaced; empty: written directly
  std::string temporary_;  // its name until then, if it has one
  bool is_partial_ = false;
  bool is_done_ = false;
};

/// The name of the file that opening `path` would open or make, symbolic links followed: absolute,
/// if its directory exists.
std::string resolved_path(const std::string& path);

/// Replaces the file of this name as a whole by one with these contents, and syncs it. Until then
/// the new file is `path`.new, which is removed like the temporary name of an Output. No other
/// process may replace the file at the same time. `name` is for messages. Throws
/// Failure(cannot_create) or Failure(io).
void replace_file(const std::string& path, std::string_view bytes, const std::string& name);

}  // namespace rowsum
