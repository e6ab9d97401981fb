// A file that is written from beginning to end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

namespace rowsum {

/// A regular file appears under its name only when commit() has returned: it is written without a
/// name in the same directory (O_TMPFILE; where the file system has none, under a temporary name
/// that goes with this object and with SIGHUP, SIGINT, SIGQUIT and SIGTERM), synced and
/// renamed. What had the name before stays as it is until then, keeps its permissions, and a
/// symbolic link to it keeps pointing there. A FIFO, a device or a socket is written directly, and
/// so is a descriptor of this process by name (/dev/stdout, /dev/fd/N, or - for standard output),
/// whatever it is.
///
/// Throws Failure(cannot_create) or Failure(io), and a silent Failure(downstream_closed).
class Output {
 public:
  /// A file that is to be gone on with if this process is killed: until commit() it is
  /// `path`.partial, and stays when this object goes, unless it is empty. Nobody else has it
  /// meanwhile: Failure(cannot_create) if somebody does. Only for what is or will be a regular
  /// file: otherwise Failure(usage).
  static Output partial(const std::string& path);
  explicit Output(const std::string& path);
  Output(Output&&) = default;
  ~Output();

  int fd() const { return fd_; }
  /// The name that it gets, symbolic links followed.
  const std::string& path() const { return path_; }
  void write(std::string_view bytes);
  /// Bytes in the file.
  uint64_t size() const;
  /// Goes on after the first `length` bytes; the others are dropped.
  void cut(uint64_t length);
  /// A partial file may have got its name before this process began: whether the file of that name
  /// has so many bytes.
  bool is_there_already(uint64_t length) const;
  /// There is nothing to write, for it is there already: cut() and commit() do nothing.
  void leave_alone() { is_done_ = true; }
  /// What has been written is safe on disk; or, if it was written directly, its file system has had
  /// its chance to say that it could not keep it.
  void sync();
  /// As sync(), and then it has its name.
  void commit();

 private:
  Output() = default;
  void open_beside();
  void open_partial();

  OwnedFd file_;
  int fd_ = -1;
  std::string name_;       // for messages
  std::string path_;       // of the file to be replaced; empty: written directly
  std::string temporary_;  // its name until then, when it has one
  bool is_partial_ = false;
  bool is_done_ = false;
};

/// The name of the file that opening `path` would open or make, symbolic links followed: absolute,
/// if its directory exists.
std::string resolved_path(const std::string& path);

/// A file of these contents in place of what has the name, never less of it, and synced. Until then
/// it is `path`.new, which goes as an Output's temporary name does. Nobody else replaces it at the
/// same time. `name` is for messages. Throws Failure(cannot_create) or Failure(io).
void replace_file(const std::string& path, std::string_view bytes, const std::string& name);

}  // namespace rowsum
