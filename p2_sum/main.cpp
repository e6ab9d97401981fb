#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "common/base/arguments.h"
#include "common/base/program.h"
#include "common/io/orphans.h"
#include "common/wire/worker_variable.h"
#include "common/worker/conversation.h"
#include "p2_sum/batch_summer.h"
#include "p2_sum/command_per_batch.h"
#include "p2_sum/coprocess.h"
#include "p2_sum/options.h"

using namespace rowsum;

namespace {

std::unique_ptr<Answerer> make_answerer(const SumOptions& options, Hello& results) {
  if (!options.command) {
    return std::make_unique<BatchSummer>(results.dialect, results.fields.empty_is_zero);
  }
  adopt_orphans();
  if (options.command->stays) return std::make_unique<Coprocess>(*options.command, results);
  return std::make_unique<CommandPerBatch>(*options.command, results);
}

}  // namespace

int main(int argc, char** argv) {
  // It outlives the body, so that it can still send the verdict if the body fails.
  StreamWriter out(STDOUT_FILENO, "standard output");
  const bool is_hired = std::getenv(worker_variable) != nullptr;
  const auto body = [&] {
    const auto options = parse_sum_options(argc, argv);
    if (!options) return ExitStatus::complete;
    if (::isatty(STDIN_FILENO)) {
      throw usage_failure("standard input is a terminal, and no stream of batches");
    }
    if (::isatty(STDOUT_FILENO)) {
      throw usage_failure("standard output is a terminal, and the stream is for p3_write");
    }
    try {
      return answer_batches(STDIN_FILENO, "standard input", out,
                            std::bind_front(make_answerer, *options));
    } catch (const Failure& failure) {
      // A worker of p1_read does not report that p1_read has gone: other programs report that, and
      // how.
      if (!is_hired || failure.status() != ExitStatus::neighbour_vanished) throw;
      throw Failure::silent(failure.status());
    }
  };
  return run_program("p2_sum", std::ref(body), [&](ExitStatus status) {
    // A worker whose command has failed dies without an end of its stream. Then p1_read starts
    // another one, and finds the row on which the command fails.
    if (is_hired && status == ExitStatus::command_failed) return;
    if (!::isatty(STDOUT_FILENO)) out.fail(status, Content::results);
  });
}
