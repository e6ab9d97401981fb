// SPDX-License-Identifier: MIT
// The file of --joblog: the columns that GNU parallel writes with its option of that name, with a
// line for each batch, and for each try at one that ended with the death of its worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/io/log_file.h"
#include "p1_read/run_log.h"

namespace rowsum {

class JobLog : public RunObserver {
 public:
  /// `task`: what the workers do with the rows; a command, or the name of the worker. Throws as
  /// LogFile does.
  JobLog(const std::string& path, const std::string& task);

  void done(size_t place, const Work& work) override;
  void died(size_t place, const WorkerDeath& death) override;
  void finished(const WriterNews& writer, RunClock::time_point now) override;

 private:
  void add(const Work& work, int status, int signal);

  LogFile file_;
  std::string task_;
  std::chrono::system_clock::duration clocks_apart_;  // since the epoch, and by the RunClock
  uint64_t lines_ = 0;
};

}  // namespace rowsum
