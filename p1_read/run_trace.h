// SPDX-License-Identifier: MIT
// What --trace FILE shows of p1_read and its workers: a lane for p1_read and for each place.
#pragma once

#include <string>

#include "common/io/trace_file.h"
#include "p1_read/run_log.h"

namespace rowsum {

class RunTrace : public RunObserver {
 public:
  /// Throws as TraceFile::join() does.
  explicit RunTrace(const std::string& path);

  void started(size_t place, unsigned life, RunClock::time_point now) override;
  void done(size_t place, const Work& work) override;
  void died(size_t place, const WorkerDeath& death) override;
  void waited(const TimeSpan& time, bool for_input) override;
  void finished(const WriterNews& writer, RunClock::time_point now) override;

 private:
  void bar(size_t place, const char* name, const Work& work);

  TraceFile file_;
};

}  // namespace rowsum
