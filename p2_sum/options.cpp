// SPDX-License-Identifier: MIT
#include "p2_sum/options.h"

#include <cstdlib>

#include "common/base/arguments.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

std::optional<SumOptions> parse_sum_options(int argc, char** argv) {
  CommandArguments command;
  CommandLine command_line;
  command_line.synopsis = "[OPTION]...";
  command_line.description =
      "Sums the rows of the stream of batches on standard input, for p3_write on standard\n"
      "output. How the rows are written comes with the stream.";
  command.add_to(command_line.options);

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (std::getenv(worker_variable)) hint_at_launcher();
  return SumOptions{command.parse(*values)};
}

}  // namespace rowsum
