// SPDX-License-Identifier: MIT
// How far a run with --resume has come: what the next run has to know to go on from there, as text.
#pragma once

#include <cstdint>
#include <string>

#include "common/wire/hello.h"

namespace rowsum {

struct Journal {
  // What must be the same when the run goes on.
  Identity input;
  std::string rows;     // the options that say how the rows are read, and what is made of them
  std::string options;  // the options of p3_write that shape its files

  // Everything before `offset` is done. `output` and `rejects` are the bytes of the two files that
  // hold what came of it.
  struct State {
    uint64_t offset = 0;
    uint64_t row = 0;  // the number of the next row
    uint64_t output = 0;
    uint64_t rejects = 0;
    bool has_rejects = false;
    bool is_complete = false;  // the files are complete, and get their names next

    bool operator==(const State&) const = default;
  } state;

  bool operator==(const Journal&) const = default;
};

std::string encode(const Journal& journal);

/// Throws std::invalid_argument ("damaged", "of version 7; this program reads version 1") for
/// anything but what encode() returned.
Journal decode_journal(const std::string& text);

}  // namespace rowsum
