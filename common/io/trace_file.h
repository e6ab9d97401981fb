// SPDX-License-Identifier: MIT
// A file of trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show: a lane for
// everything that can be busy, and a bar for each piece of work. It is an array in JSON whose
// closing bracket may be missing (the "Trace Event Format"), so it can be read at any time, and
// also when the run was killed.
//
// Several processes write the same file (log_file.h). Times are microseconds of CLOCK_MONOTONIC
// since the first of them has created it.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/io/log_file.h"

namespace rowsum {

/// What the lanes belong to. The numbers stand for process numbers in the file, and give the order.
enum class TraceProcess { p1_read = 1, workers = 2, p3_write = 3 };

struct TraceLane {
  TraceProcess process;
  size_t number = 0;
};

struct TraceArgument {
  std::string_view name;
  uint64_t value;
};
using TraceArguments = std::initializer_list<TraceArgument>;

class TraceFile {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  /// Creates the file, or empties it. Processes that are started from now on can call join().
  /// Throws Failure(cannot_create).
  static TraceFile create(const std::string& path);
  /// Opens the file that a parent process has created. Throws Failure(cannot_create).
  static TraceFile join(const std::string& path);

  // Names are written as they are, so they must need no quoting in JSON.

  void name(TraceProcess process, std::string_view name);
  void name(const TraceLane& lane, std::string_view name);
  void bar(const TraceLane& lane, std::string_view name, Time begin, Time end,
           TraceArguments arguments);
  /// A bar, unless it is shorter than a tenth of a millisecond: such waits are many.
  void wait(const TraceLane& lane, std::string_view name, Time begin, Time end,
            TraceArguments arguments);
  void instant(const TraceLane& lane, std::string_view name, Time time, TraceArguments arguments);

  /// As that of LogFile.
  void flush() { file_.flush(); }

 private:
  TraceFile(const std::string& path, LogFile::Mode mode, Time begin)
      : file_(path, mode), begin_(begin) {}
  void begin_line(std::string_view name, char kind, const TraceLane& lane);
  void end_line(TraceArguments arguments);
  void end_line(std::string_view name);

  LogFile file_;
  Time begin_;
  std::string line_;  // a member so that its memory is used again
};

}  // namespace rowsum
