// SPDX-License-Identifier: MIT
// Command lines in GNU form, the same for every program: --help, --version, and one line with "try
// --help" if something is wrong, or with the option that may have been meant
// (Boost.Program_options does the parsing).
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/base/failure.h"

namespace rowsum {

struct CommandLine {
  std::string synopsis;     // "[OPTION]... [FILE]..."
  std::string description;  // below the synopsis; without a final newline
  boost::program_options::options_description options;
  bool takes_operands = false;  // collected as the vector of strings "operand"
  /// Options whose value can only follow after '=', and the value of each without it.
  std::map<std::string, std::string> values_if_bare = {};
};

/// Returns the values given on the command line, or nothing if --help or --version was asked for
/// and has been printed. Of an option that is given several times the last value counts; one that
/// is composing() has all of them. Throws Failure(usage).
std::optional<boost::program_options::variables_map> parse_arguments(int argc, char** argv,
                                                                     CommandLine command_line);

/// A Failure(usage) for a wrong value or combination, with a hint at --help.
Failure usage_failure(const std::string& what);

/// The user has not called this program but run_pipeline.sh, which has started it. Until the next
/// call of parse_arguments(), usage_failure() hints at the --help of that.
void hint_at_launcher();

/// A whole number from 0 to `most`. Throws Failure(usage), naming `option`.
unsigned parse_count(const std::string& option, const std::string& text, unsigned most);

/// "4096", "256K", "16M", "1G" (powers of 1024; KiB and so on too) as a number of bytes, from 1
/// to 2^40. Throws Failure(usage), naming `option`.
uint64_t parse_size(const std::string& option, const std::string& text);

}  // namespace rowsum
