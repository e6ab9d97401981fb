// SPDX-License-Identifier: MIT
// The frame of every main(): runs the body, catches what it throws, reports it in one line, and
// turns it into an exit status.
#pragma once

#include <functional>

#include "common/base/exit_status.h"

namespace rowsum {

/// Opens those of the three standard descriptors that are closed, in the wrong direction. So they
/// still fail, as closed ones do. Otherwise the next file that is opened would get such a number,
/// and would be taken for standard input or output.
void fill_standard_descriptors();

/// Runs `body` as the program `name` and returns the status for main() to return.
///
/// A Failure is reported in one line (unless silent) and gives its status; any other std::exception
/// is a bug or a lack of memory and gives `internal` or `system`. Then `farewell(status)` runs,
/// unless the status is `complete` or `some_rejected`. With it, a program whose output is a stream
/// can still end the stream with a verdict (R2). What it throws is ignored, because the failure
/// that counts has been reported.
///
/// Calls fill_standard_descriptors().
///
/// SIGPIPE and SIGXFSZ are ignored from here on, whatever the parent process has set for them. So a
/// closed pipe is an error of write(2), which becomes the silent status `downstream_closed`. A file
/// that has reached its largest size is an error of write(2), too. As process 1 (of a container)
/// the program cannot be killed by SIGHUP, SIGINT, SIGQUIT and SIGTERM. On these it ends with 128
/// plus the number of the signal.
int run_program(const char* name, const std::function<ExitStatus()>& body,
                const std::function<void(ExitStatus)>& farewell = nullptr);

}  // namespace rowsum
