// What every main() is made of: run the body, catch what it throws, say it in one line, and turn it
// into an exit status.
#pragma once

#include <functional>

#include "common/base/exit_status.h"

namespace rowsum {

/// Runs `body` as the program `name` and returns the status for main() to return.
///
/// A Failure is reported in one line (unless silent) and gives its status; any other std::exception
/// is a bug or a lack of memory and gives `internal` or `system`. Unless the status is `complete`
/// or `some_rejected`, `farewell(status)` runs then, so that a program whose output is a stream can
/// still end it with a verdict (R2); what it throws is ignored, for the failure that counts has
/// been reported.
///
/// Standard descriptors that are closed are opened in the wrong direction, so that they go on
/// failing as closed ones do and no other file gets their numbers.
///
/// SIGPIPE and SIGXFSZ are ignored from here on: a closed pipe is an error of write(2), which
/// becomes the silent status `downstream_closed` whatever the parent process made of that signal;
/// and so is a file that may grow no more. As process 1 (of a container) the program ends with 128
/// and the number of the signal on SIGHUP, SIGINT, SIGQUIT and SIGTERM, of which it cannot die.
int run_program(const char* name, const std::function<ExitStatus()>& body,
                const std::function<void(ExitStatus)>& farewell = nullptr);

}  // namespace rowsum
