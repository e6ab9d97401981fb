// The command line of p1_read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "p1_read/batcher.h"
#include "p1_read/dealer.h"

namespace rowsum {

/// What run_pipeline.sh says to its p1_read.
struct ReadPipeline {
  std::string directory;  // holds the FIFOs, in.PLACE.LIFE, and perhaps the file of the ring
  size_t places = 0;
  int control = -1;             // fd of the reading end
  int shared = -1;              // fd of the input file itself, or of the ring
  unsigned retries = 0;         // deaths in a row at one place that are taken for chance
  bool checksum = false;        // of the text that the workers are to read
  bool resume = false;          // begin where p3_write says
  unsigned worker_timeout = 0;  // seconds without a result after which a worker is killed; 0: never
};

struct ReadOptions {
  std::vector<std::string> inputs;
  BatcherOptions batches;
  DealPolicy deal = DealPolicy::round_robin;
  std::vector<std::string> to;  // none: standard output
  bool checksum = false;        // of every payload, also in pipes
  std::optional<ReadPipeline> pipeline;
};

/// Nothing when --help or --version has been answered. Throws as parse_arguments() does.
std::optional<ReadOptions> parse_read_options(int argc, char** argv);

}  // namespace rowsum
