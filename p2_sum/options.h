// SPDX-License-Identifier: MIT
// The command line of p2_sum.
#pragma once

#include <optional>

#include "common/worker/command_options.h"

namespace rowsum {

struct SumOptions {
  std::optional<CommandOptions> command;
};

/// Returns nothing if --help or --version has been answered. Throws as parse_arguments() does.
std::optional<SumOptions> parse_sum_options(int argc, char** argv);

}  // namespace rowsum
