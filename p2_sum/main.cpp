// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <functional>

#include "common/io/orphans.h"
#include "common/worker/worker_program.h"
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
  end_children_at_signals();
  if (options.command->stays) return std::make_unique<Coprocess>(*options.command, results);
  return std::make_unique<CommandPerBatch>(*options.command, results);
}

}  // namespace

int main(int argc, char** argv) {
  const auto prepare = [&]() -> std::optional<MakeAnswerer> {
    const auto options = parse_sum_options(argc, argv);
    if (!options) return std::nullopt;
    return std::bind_front(make_answerer, *options);
  };
  return run_worker_program("p2_sum", STDIN_FILENO, STDOUT_FILENO, prepare);
}
