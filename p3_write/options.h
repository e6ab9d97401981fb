// The command line of p3_write.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "p3_write/line_form.h"

namespace rowsum {

/// What run_pipeline.sh says to its p3_write.
struct WritePipeline {
  std::string directory;  // holds the FIFOs, out.PLACE.LIFE
  size_t places = 0;
  int control = -1;  // fd of the writing end
};

struct WriteOptions {
  std::vector<std::string> streams;  // none, or "-": standard input
  std::optional<WritePipeline> pipeline;
  std::string output;   // empty: standard output
  bool resume = false;  // keep a journal, and go on where it says
  LineForm form;
  bool skip_rejects = false;  // otherwise the first one ends the run
  std::string rejects;        // the file for the rejected rows; empty: none
};

/// Nothing when --help or --version has been answered. Throws as parse_arguments() does.
std::optional<WriteOptions> parse_write_options(int argc, char** argv);

}  // namespace rowsum
