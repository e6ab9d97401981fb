// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <functional>
#include <memory>

#include "common/base/program.h"
#include "common/io/read_write.h"
#include "common/wire/stream_writer.h"
#include "p3_write/merge_and_write.h"

using namespace rowsum;

int main(int argc, char** argv) {
  // It outlives the body, so that a stream can still get its verdict if the body fails.
  std::unique_ptr<ResultOutput> output;
  const auto body = [&] {
    const auto options = parse_write_options(argc, argv);
    return options ? merge_and_write(*options, output) : ExitStatus::complete;
  };
  const auto farewell = [&](ExitStatus status) {
    if (output) return output->fail(status);
    // Before the output is open, only another program waits for the end of a stream.
    if (!is_pipe_or_socket(STDOUT_FILENO) || !asks_for_stream(argc, argv)) return;
    StreamWriter(STDOUT_FILENO, "standard output").fail(status, Content::results);
  };
  return run_program("p3_write", std::ref(body), std::ref(farewell));
}
