// SPDX-License-Identifier: MIT
// The command line of p1_read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "p1_read/batcher.h"
#include "p1_read/crew.h"
#include "p1_read/dealer.h"
#include "p1_read/hosts.h"
#include "p1_read/part_options.h"

namespace rowsum {

/// The options for the workers that p1_read starts.
struct WorkerOptions {
  size_t places = 0;
  WorkerCommand command;         // on this machine
  std::vector<Host> hosts;       // where the places are, in their order; empty: all are here
  std::vector<std::string> ssh;  // what starts a worker on another host
  unsigned retries = 0;          // how many deaths in a row at one place are taken for chance
  unsigned worker_timeout = 0;   // seconds without a byte after which a worker is killed; 0: never
  uint64_t chunk_size = 0;       // bytes of a chunk that workers scan, and so of a batch
  uint64_t scanned_from = 0;     // workers scan a plain file of so many bytes, or of more
  bool checksum = false;         // add a checksum of the text that the workers read
  bool resume = false;           // begin where p3_write says
  bool has_command = false;      // the workers run somebody's command
  bool command_stays = false;    // the same process answers all batches of a place
  bool stats = false;            // print a table at the end
  std::string trace;             // the file for trace events; empty: none
  std::string joblog;            // the file for a line about each batch; empty: none
  std::string task;              // what the workers do with the rows, for that file
  bool is_paced = false;         // the batches become as large as the speed of the command demands
};

struct ReadOptions {
  std::vector<std::string> inputs;
  BatcherOptions batches;
  DealPolicy deal = DealPolicy::round_robin;
  std::vector<std::string> to;      // none: standard output
  bool checksum = false;            // add a checksum of every payload, also in pipes
  std::optional<PartOptions> part;  // of the one plain input
  std::optional<WorkerOptions> workers;
};

/// Returns nothing if --help or --version has been answered. Throws as parse_arguments() does.
std::optional<ReadOptions> parse_read_options(int argc, char** argv);

}  // namespace rowsum
