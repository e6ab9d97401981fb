#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "common/base/arguments.h"
#include "common/base/program.h"
#include "common/wire/worker_variable.h"
#include "p2_sum/sum_stream.h"

using namespace rowsum;

int main(int argc, char** argv) {
  // It outlives the body, so that it can still send the verdict if the body fails.
  StreamWriter out(STDOUT_FILENO, "standard output");
  const auto body = [&] {
    CommandLine command_line;
    command_line.synopsis = "[OPTION]...";
    command_line.description =
        "Sums the rows of the stream of batches on standard input, for p3_write on standard\n"
        "output. All that it has to know comes with the stream.";
    if (!parse_arguments(argc, argv, command_line)) return ExitStatus::complete;
    if (::isatty(STDIN_FILENO)) {
      throw usage_failure("standard input is a terminal, and no stream of batches");
    }
    if (::isatty(STDOUT_FILENO)) {
      throw usage_failure("standard output is a terminal, and the stream is for p3_write");
    }
    try {
      return sum_stream(STDIN_FILENO, "standard input", out);
    } catch (const Failure& failure) {
      // A worker of p1_read does not report that p1_read has gone: other programs report that, and
      // how.
      const bool is_hired = std::getenv(worker_variable) != nullptr;
      if (!is_hired || failure.status() != ExitStatus::neighbour_vanished) throw;
      throw Failure::silent(failure.status());
    }
  };
  return run_program("p2_sum", std::ref(body), [&](ExitStatus status) {
    if (!::isatty(STDOUT_FILENO)) out.fail(status, Content::results);
  });
}
