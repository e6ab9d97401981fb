// SPDX-License-Identifier: MIT
// Reports rejects on standard error: the first ones each in a line, and all others in one line. The
// first one of each kind has a hint at what may help.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "common/model/reject.h"
#include "common/wire/hello.h"
#include "p3_write/options.h"

namespace rowsum {

class RejectReports {
 public:
  explicit RejectReports(const WriteOptions& options);

  /// Counts a reject, and reports it if it is one of the first. `place`: which row that is, for the
  /// report. `row`: its number. `hello`: of the stream of results.
  void add(const std::string& place, const Reject& reject, uint64_t row, const Hello& hello);

  /// Says how many rejects have not been reported. Says nothing if there are none, or if that has
  /// been said. `are_kept`: the run has not failed, so a file for rejects has all of them.
  void report_rest(bool are_kept);

 private:
  uint64_t most_;  // so many rejects have a line of their own
  std::string file_;
  std::set<std::string> hints_;  // that have been given, each up to its colon
  uint64_t count_ = 0;
  uint64_t told_ = 0;  // of how many rejects the lines tell
};

}  // namespace rowsum
