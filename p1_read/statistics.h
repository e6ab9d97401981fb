// SPDX-License-Identifier: MIT
// The table of --stats: what a run has done, how busy the workers were, and what the programs took.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/resources.h"
#include "p1_read/run_log.h"

namespace rowsum {

class Statistics : public RunObserver {
 public:
  Statistics(size_t places, RunClock::time_point begin) : places_(places), begin_(begin) {}

  void started(size_t place, unsigned life, RunClock::time_point now) override;
  void done(size_t place, const Work& work) override;
  void ended(size_t place, RunClock::time_point now) override;
  void died(size_t place, const WorkerDeath& death) override;
  /// Prints the table on standard error. Nothing if p3_write has not said that it waits for the end
  /// of this process: it has been killed, and the user has gone on.
  void finished(const WriterNews& writer, RunClock::time_point now) override;

  /// The table, of lines of 80 columns at most. The run, and the workers, have ended.
  std::string table(const WriterNews& writer, RunClock::time_point now, const Resources& reader,
                    const Resources& workers) const;

 private:
  struct Place {
    uint64_t batches = 0;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    RunClock::duration busy{};
    RunClock::duration alive{};  // of workers that have ended
    std::optional<RunClock::time_point> alive_since;
    unsigned lives = 0;
    std::vector<std::pair<std::string, unsigned>> deaths;  // of what, and how often
  };

  std::string line_of(size_t place) const;

  std::vector<Place> places_;
  RunClock::time_point begin_;
};

}  // namespace rowsum
