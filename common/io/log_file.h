// SPDX-License-Identifier: MIT
// A file of lines that say what happens in a run. Lines are collected, and appended with one
// write(2), so several processes can write the same file.
//
// The file is no part of the result. If it cannot be written any more, this is reported, and the
// program goes on without it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

namespace rowsum {

class LogFile {
 public:
  enum class Mode {
    create,          // creates the file, or empties it
    create_for_all,  // the same, and others append to it. They report that it cannot be written
    append,
  };

  /// Throws Failure(cannot_create).
  LogFile(const std::string& path, Mode mode);
  LogFile(LogFile&&) = default;
  /// Calls flush().
  ~LogFile();

  /// Adds a line, with its LF.
  void add(std::string_view line);
  /// Writes what has been collected. add() does this about once a second.
  void flush();

 private:
  using Clock = std::chrono::steady_clock;

  std::string path_;
  Mode mode_;
  OwnedFd file_;  // closed once it could not be written
  Clock::time_point flushed_;
  std::string lines_;
};

}  // namespace rowsum
