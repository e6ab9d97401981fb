// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/arguments.h"
#include "common/base/program.h"
#include "p1_read/dealt_part.h"
#include "p1_read/inputs.h"
#include "p1_read/options.h"
#include "p1_read/part_steps.h"
#include "p1_read/stream_dealing.h"
#include "p1_read/worker_dealing.h"

using namespace rowsum;

int main(int argc, char** argv) {
  // These outlive the body, so that they can still send the verdict if the body fails.
  StreamDealing streams;
  std::optional<WorkerDealing> workers;
  bool has_stream = true;  // the output is a stream, or the link to p3_write
  const auto body = [&] {
    const auto options = parse_read_options(argc, argv);
    if (!options) return ExitStatus::complete;
    if (options->part && options->part->plan.empty()) {
      has_stream = false;
      options->part->folds ? print_plan(options->inputs) : write_outline(*options);
      return ExitStatus::complete;
    }
    std::optional<DealtPart> part;
    const auto narrowed = [&](Inputs& inputs) -> DealtPart* {
      return options->part ? &part.emplace(*options->part, options->batches, inputs) : nullptr;
    };
    if (options->workers) {
      Inputs inputs(options->inputs);
      if (options->workers->resume && inputs.is_compressed()) {
        throw usage_failure("--resume: '" + inputs.name() + "' is compressed");
      }
      DealtPart* const dealt = narrowed(inputs);
      WorkerOptions worker_options = *options->workers;
      std::unique_ptr<OtherHosts> others = reach_other_hosts(worker_options);
      workers.emplace(worker_options, options->deal, STDOUT_FILENO, std::move(others));
      workers->run(inputs, options->batches, dealt);
    } else {
      streams.open(options->to, options->inputs);
      if (options->checksum) streams.add_checksums();
      Inputs inputs(options->inputs);
      streams.run(inputs, options->batches, options->deal, narrowed(inputs));
    }
    return ExitStatus::complete;
  };
  const auto farewell = [&](ExitStatus failure) {
    if (has_stream) workers ? workers->fail(failure) : streams.fail(failure);
  };
  // References, because to copy these would allocate memory where no failure is caught.
  const int status = run_program("p1_read", std::ref(body), std::ref(farewell));
  if (workers) workers->finish_log();
  return status;
}
