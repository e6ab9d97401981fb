// SPDX-License-Identifier: MIT
// Shows how far the run has come, on standard error.
//
// On a terminal this is a bar, in the line below the cursor. The cursor stays where it is, so what
// any program writes comes out as it would without the bar. The programs of this suite erase the
// bar before they write a line (before_lines()). The first line of any other program has room where
// the cursor is; only if more of them come at once, they run into the bar. Some times a second the
// bar is erased and drawn again, below the cursor. Elsewhere there is a line of text now and then.
//
// The bar is drawn only while this process is in the foreground, and while no other program has
// the terminal for itself, as less(1) has.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "p3_write/progress_line.h"

namespace rowsum {

enum class ProgressMode { automatic, always, never };

class Progress {
 public:
  /// From now on SIGUSR1 has a line of text written, at once. This does not depend on show(). If
  /// the signal is ignored, it stays ignored. There may be one object at a time.
  Progress();
  /// Erases the bar.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// From now on tick() shows something, where `mode` and the terminal allow it: `automatic` shows
  /// a bar on a terminal, unless the output may be seen there, too; `always` shows a bar on a
  /// terminal, and elsewhere a line every ten seconds. The bar is also erased when a signal ends or
  /// stops this process (SIGTSTP).
  void show(ProgressMode mode, bool output_may_be_seen);

  /// The run begins at offset `begin` with the row of number `row`, and will probably end at `end`
  /// (0: not known). Only the first call counts.
  void begin(uint64_t begin, uint64_t end, uint64_t row);
  /// So many bytes of the input have been dealt with.
  void add(uint64_t bytes, uint64_t rows, uint64_t rejects);
  void lost_worker() { ++workers_lost_; }

  /// For poll(2): in how many milliseconds tick() has something to do; -1: never.
  int time_left() const;
  /// Shows how far the run has come, if it is time to do so.
  void tick();
  /// To be called before something is written to the output: erases the bar if both may be seen.
  void make_way();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Display { none, bar, lines };

  ProgressNumbers numbers() const;
  void draw();
  void erase();

  static void tell(int signal);
  static void stop(int signal);
  static void erase_shown();

  static std::atomic<Progress*> shown_;  // for the handlers of signals

  // The handler of SIGUSR1 reads these.
  std::atomic<uint64_t> begin_ = 0, done_ = 0, end_ = 0, rows_ = 0, rejects_ = 0, workers_lost_ = 0;
  std::atomic<Clock::duration> stopped_{};  // how long this process was stopped
  const Clock::time_point start_ = Clock::now();

  Display display_ = Display::none;
  bool output_may_be_seen_ = false;
  bool has_begun_ = false;
  std::atomic<bool> is_drawn_ = false;
  Clock::time_point last_tick_ = start_;
  Clock::time_point next_;
};

}  // namespace rowsum
