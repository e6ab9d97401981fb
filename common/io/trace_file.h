// A file of trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show: a lane for
// everything that can be busy, and a bar for each piece of work. It is an array in JSON whose
// closing bracket may be missing (the "Trace Event Format"), so it can be read at any time, and
// also when the run was killed.
//
// Several processes write the same file. Each collects lines and appends them with one write(2).
// Times are microseconds of CLOCK_MONOTONIC since the first of them has created the file.
//
// The file is no part of the result. If it cannot be written any more, the processes go on without
// it, and each that has joined reports that. What the first process reported would be the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

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

  TraceFile(TraceFile&&) = default;
  ~TraceFile();

  // Names are written as they are, so they must need no quoting in JSON.

  void name(TraceProcess process, std::string_view name);
  void name(const TraceLane& lane, std::string_view name);
  void bar(const TraceLane& lane, std::string_view name, Time begin, Time end,
           TraceArguments arguments);
  /// A bar, unless it is shorter than a tenth of a millisecond: such waits are many.
  void wait(const TraceLane& lane, std::string_view name, Time begin, Time end,
            TraceArguments arguments);
  void instant(const TraceLane& lane, std::string_view name, Time time, TraceArguments arguments);

  /// Writes what has been collected. The other functions do this about once a second.
  void flush();

 private:
  TraceFile(const std::string& path, bool has_joined, Time begin);
  std::string time(Time time) const;
  void add(std::string_view name, const char* kind, const TraceLane& lane,
           const std::string& members);

  std::string path_;
  bool has_joined_;
  OwnedFd file_;  // closed once it could not be written
  Time begin_;
  Time flushed_;
  std::string lines_;
};

}  // namespace rowsum
