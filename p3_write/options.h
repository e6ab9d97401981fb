// SPDX-License-Identifier: MIT
// The command line of p3_write.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "p3_write/line_form.h"
#include "p3_write/progress.h"

namespace rowsum {

struct WriteOptions {
  std::vector<std::string> streams;  // "-": standard input
  std::vector<std::string> reader;   // the p1_read to start, with its arguments
  std::string output = "-";          // "-": standard output
  std::string trace;                 // the file for trace events; empty: none
  bool resume = false;               // keep a journal, and go on where it says
  bool as_stream = false;            // write one stream of results, and no lines
  LineForm form;
  bool unordered = false;     // write results as they come
  bool skip_rejects = false;  // otherwise the first reject ends the run
  std::string rejects;        // the file for the rejected rows, "-" as above; empty: none
  unsigned reports = 10;      // how many rejects have a line of their own
  ProgressMode progress = ProgressMode::automatic;
};

/// Returns nothing if --help or --version has been answered. Throws as parse_arguments() does.
std::optional<WriteOptions> parse_write_options(int argc, char** argv);

/// Whether the command line asks for a stream of results on standard output, as far as that can be
/// seen if something else in it is wrong.
bool asks_for_stream(int argc, char** argv);

}  // namespace rowsum
