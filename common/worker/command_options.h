// SPDX-License-Identifier: MIT
// The options for somebody's command in place of the sums. p1_read has them, and passes them on to
// p2_sum.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rowsum {

/// Somebody's program, which answers the rows in place of the sums.
struct CommandOptions {
  std::string command;     // for /bin/sh -c
  bool stays = false;      // one process answers batch after batch; otherwise each has its own
  bool any_lines = false;  // the output is taken as it is; otherwise it has a line for each row
  bool one_line = false;   // each row is written in one line
};

/// The same as words of a command line.
std::vector<std::string> words_of(const CommandOptions& options);

/// The part of a command line that is about a command. It has to outlive the parsing.
class CommandArguments {
 public:
  void add_to(boost::program_options::options_description& options);

  /// Returns nothing if there is no command. Throws Failure(usage).
  std::optional<CommandOptions> parse(const boost::program_options::variables_map& values) const;

 private:
  std::string each_batch_, coprocess_, lines_;
  bool one_line_ = false;
};

}  // namespace rowsum
