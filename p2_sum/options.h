// SPDX-License-Identifier: MIT
// The command line of p2_sum.
#pragma once

#include <optional>
#include <string>

namespace rowsum {

/// Somebody's program, which answers the rows in place of the sums.
struct CommandOptions {
  std::string command;     // for /bin/sh -c
  bool stays = false;      // one process answers batch after batch; otherwise each has its own
  bool any_lines = false;  // the output is taken as it is; otherwise it has a line for each row
  bool one_line = false;   // each row is written in one line
};

struct SumOptions {
  std::optional<CommandOptions> command;
};

/// Returns nothing if --help or --version has been answered. Throws as parse_arguments() does.
std::optional<SumOptions> parse_sum_options(int argc, char** argv);

}  // namespace rowsum
