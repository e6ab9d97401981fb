// Reports rejects on standard error: the first ones each in a line, and all others in one line.
#pragma once

#include <cstdint>
#include <string>

#include "p3_write/options.h"

namespace rowsum {

class RejectReports {
 public:
  explicit RejectReports(const WriteOptions& options);

  /// Counts a reject, and reports it if it is one of the first. `place`: which row that is.
  void add(const std::string& place, const std::string& reason);

  /// Says how many rejects have not been reported. Says nothing if there are none, or if that has
  /// been said. `are_kept`: the run has not failed, so a file for rejects has all of them.
  void report_rest(bool are_kept);

 private:
  uint64_t most_;  // so many rejects have a line of their own
  std::string file_;
  uint64_t count_ = 0;
  uint64_t told_ = 0;  // of how many rejects the lines tell
};

}  // namespace rowsum
