// SPDX-License-Identifier: MIT
// The exception for a program that cannot go on: one line for the user and an exit status. It is
// thrown where the failure is known best, and caught once, in run_program(). Ordinary outcomes (the
// end of a stream, "not yet") are return values.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "common/base/exit_status.h"

namespace rowsum {

class Failure : public std::runtime_error {
 public:
  /// `message` becomes the line on standard error, after the program's name; an empty one means
  /// that another program has reported the failure already (or that there is nothing to report).
  Failure(ExitStatus status, const std::string& message)
      : std::runtime_error(message), status_(status) {}

  /// Ends the program with `status`, and reports nothing.
  static Failure silent(ExitStatus status) { return Failure(status, ""); }

  /// "`what`: No such file or directory", from errno, which the failed call has set.
  static Failure from_errno(ExitStatus status, const std::string& what) {
    return Failure(status, what + ": " + std::strerror(errno));
  }

  ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

}  // namespace rowsum
