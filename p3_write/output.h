// A file that is written from beginning to end.
#pragma once

#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

namespace rowsum {

/// A regular file appears under its name only when commit() has returned: it is written without a
/// name in the same directory (O_TMPFILE; where the file system has none, under a temporary name
/// that goes with this object and with SIGHUP, SIGINT, SIGTERM and SIGUSR1), synced and renamed.
/// What had the name before stays as it is until then, keeps its permissions, and a symbolic link
/// to it keeps pointing there. A FIFO, a device or a socket is written directly, and so is a
/// descriptor of this process by name (/dev/stdout, /dev/fd/N), whatever it is.
///
/// Throws Failure(cannot_create) or Failure(io), and a silent Failure(downstream_closed).
class Output {
 public:
  static Output standard_output();
  explicit Output(const std::string& path);
  Output(Output&&) = default;
  ~Output();

  int fd() const { return fd_; }
  void write(std::string_view bytes);
  /// Everything written is safe and has its name. For standard output there is nothing to do.
  void commit();

 private:
  Output() = default;
  void open_beside();

  OwnedFd file_;
  int fd_ = 1;
  std::string name_;       // for messages
  std::string path_;       // of the file to be replaced; empty: written directly
  std::string temporary_;  // its name until then, when it has one
};

}  // namespace rowsum
