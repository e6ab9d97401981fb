// SPDX-License-Identifier: MIT
// The one table of exit statuses, the same for the three programs and the launcher. The numbers are
// those of sysexits(3) where it has one that fits. Every manual page repeats the table.
#pragma once

namespace rowsum {

enum class ExitStatus : int {
  complete = 0,             // everything was done, exactly
  some_rejected = 1,        // done, but some rows were rejected, as the user allowed
  usage = 64,               // a wrong option or operand
  bad_data = 65,            // the input is not CSV of integers, or a stream is damaged
  no_input = 66,            // the input is missing or cannot be read
  neighbour_vanished = 69,  // a program of the run ended early, and is not replaced
  internal = 70,            // a bug of the suite
  system = 71,              // the operating system refused a resource
  cannot_create = 73,       // an output cannot be created
  io = 74,                  // reading or writing failed
  command_failed = 75,      // somebody's command failed on rows that it was given
  downstream_closed = 141,  // the reader of the output has gone: 128 + SIGPIPE, as in a shell
};

}  // namespace rowsum
