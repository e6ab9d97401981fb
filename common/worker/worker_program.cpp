// SPDX-License-Identifier: MIT
#include "common/worker/worker_program.h"

#include <unistd.h>

#include <cstdlib>

#include "common/base/failure.h"
#include "common/base/program.h"
#include "common/io/read_write.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

int run_worker_program(const char* name, int in, int out, const PrepareWorker& prepare) {
  // It outlives the body, so that it can still send the verdict if the body fails.
  StreamWriter results(out, "standard output");
  const bool is_hired = std::getenv(worker_variable) != nullptr;
  bool has_conversation = false;
  const auto body = [&] {
    const std::optional<MakeAnswerer> make_answerer = prepare();
    if (!make_answerer) return ExitStatus::complete;
    if (::isatty(in)) {
      throw Failure(ExitStatus::usage, "standard input is a terminal, and no stream of batches");
    }
    if (::isatty(out)) {
      throw Failure(ExitStatus::usage,
                    "standard output is a terminal, and the stream is for p3_write");
    }
    has_conversation = true;
    try {
      return answer_batches(in, "standard input", results, *make_answerer);
    } catch (const Failure& failure) {
      // A worker of p1_read does not report that p1_read has gone: other programs report that, and
      // how.
      if (!is_hired || failure.status() != ExitStatus::neighbour_vanished) throw;
      throw Failure::silent(failure.status());
    }
  };
  const auto farewell = [&](ExitStatus status) {
    // After a wrong command line only another program waits for the end of a stream.
    if (has_conversation || is_pipe_or_socket(out)) results.fail(status, Content::results);
  };
  // References need no memory here, where nobody would report that there is none.
  return run_program(name, std::ref(body), std::ref(farewell));
}

}  // namespace rowsum
