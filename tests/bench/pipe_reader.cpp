// SPDX-License-Identifier: MIT
// Reads its standard input to the end and does nothing with it: how fast a reader of a pipe can be
// that widens the pipe and reads 256 KiB at a time.
#include <unistd.h>

#include <vector>

#include "common/base/program.h"
#include "common/io/read_write.h"

using namespace rowsum;

int main() {
  return run_program("pipe_reader", [] {
    widen_pipe(STDIN_FILENO);
    std::vector<char> bytes(256 << 10);
    while (read_some(STDIN_FILENO, bytes, "standard input") > 0) {
    }
    return ExitStatus::complete;
  });
}
