// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/base/program.h"
#include "common/io/owned_fd.h"
#include "common/worker/public/rowsum/worker.h"
#include "common/worker/row_answerer.h"
#include "common/worker/worker_program.h"

namespace rowsum {

namespace {

/// Gives another number to what is open as the standard descriptor `fd`, where programs that this
/// one starts do not get it, and puts `other` in its place. Returns the new number. If no number is
/// free, all stays as it is.
int move_away(int fd, int other) {
  constexpr int least = 3;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, least);
  if (moved < 0 || ::dup2(other, fd) < 0) return fd;
  return moved;
}

template <typename WriteLine>
int run(const WriteLine& write_line) {
  fill_standard_descriptors();
  const OwnedFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int in = move_away(STDIN_FILENO, nothing.get());
  const int out = move_away(STDOUT_FILENO, STDERR_FILENO);
  return run_worker_program(program_invocation_short_name, in, out, [&] {
    return [&](Hello& results) { return make_row_answerer(write_line, results); };
  });
}

}  // namespace

int run_worker(const std::function<void(Integers row, std::string& line)>& write_line) {
  return run(write_line);
}

int run_worker(const std::function<void(Fields row, std::string& line)>& write_line) {
  return run(write_line);
}

}  // namespace rowsum
