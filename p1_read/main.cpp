#include <functional>
#include <memory>
#include <optional>

#include "common/base/program.h"
#include "p1_read/chain.h"
#include "p1_read/inputs.h"
#include "p1_read/options.h"
#include "p1_read/pipeline.h"

using namespace rowsum;

int main(int argc, char** argv) {
  // What outlives the body can still carry the verdict when the body fails.
  Chain chain;
  std::optional<Pipeline> pipeline;
  const auto body = [&] {
    const auto options = parse_read_options(argc, argv);
    if (!options) return ExitStatus::complete;
    if (options->pipeline) {
      pipeline.emplace(*options->pipeline, options->deal);
      Inputs inputs(options->inputs);
      pipeline->run(inputs, options->batches);
    } else {
      chain.open(options->to, options->inputs);
      if (options->checksum) chain.add_checksums();
      Inputs inputs(options->inputs);
      chain.run(inputs, options->batches, options->deal);
    }
    return ExitStatus::complete;
  };
  return run_program("p1_read", std::ref(body), [&](ExitStatus status) {
    pipeline ? pipeline->fail(status) : chain.fail(status);
  });
}
