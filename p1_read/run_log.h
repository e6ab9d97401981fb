// SPDX-License-Identifier: MIT
// What the workers do, for --stats, --trace and --joblog. Each of these is a RunObserver. RunLog is
// told what is sent to the workers and what comes back, and makes of it how long each piece of work
// took. Pure: is told the time.
//
//   log.started(place, now);
//   log.sent(place, item, now);
//   log.answered(place, end, now);  log.scanned(place, begin, now);
//   log.ended(place, now);          // the process has ended, for whatever reason
//   log.died(place, death);         // and it should not have
//
// A worker does what it is sent one after another. So a piece of work begins when it is sent, or
// when the one before it is done, if that is later. If the result is heard of later than it was
// there, the piece of work seems to take longer, and the next one shorter: no time is counted
// twice.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/io/process.h"
#include "p1_read/ledger.h"

namespace rowsum {

using RunClock = std::chrono::steady_clock;

struct TimeSpan {
  RunClock::time_point begin, end;

  RunClock::duration length() const { return end - begin; }
};

/// A batch that a worker has answered, or a chunk that it has scanned.
struct Work {
  Ledger::Item item;
  TimeSpan time;
};

/// The death of a worker.
struct WorkerDeath {
  RunClock::time_point time;
  unsigned life = 0;
  Fate fate;
  bool is_hung = false;        // it has been killed because it returned nothing
  std::optional<Work> undone;  // what it was at work on, until its death
};

/// What p3_write has said at its end; nothing if it has said nothing.
struct WriterNews {
  std::optional<uint64_t> rejects;
  std::optional<uint64_t> cpu_microseconds;
  std::optional<uint64_t> peak_memory;  // bytes
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  /// `life`: which worker of the place it is.
  virtual void started(size_t, unsigned, RunClock::time_point) {}
  virtual void done(size_t, const Work&) {}
  virtual void ended(size_t, RunClock::time_point) {}
  virtual void died(size_t, const WorkerDeath&) {}
  /// p1_read has waited, for input or for workers.
  virtual void waited(const TimeSpan&, bool) {}
  /// The run is over, and all workers have ended.
  virtual void finished(const WriterNews&, RunClock::time_point) {}
};

class RunLog {
 public:
  explicit RunLog(size_t places) : places_(places) {}

  void add(std::unique_ptr<RunObserver> observer) { observers_.push_back(std::move(observer)); }
  bool has_observers() const { return !observers_.empty(); }

  /// There is a new worker at the place.
  void started(size_t place, RunClock::time_point now);
  /// The worker at the place has been sent this.
  void sent(size_t place, const Ledger::Item& item, RunClock::time_point now);
  /// The batch that ends at `end` has been answered, or the chunk that begins at `begin` has been
  /// scanned. Nothing changes if that is known.
  void answered(size_t place, uint64_t end, RunClock::time_point now);
  void scanned(size_t place, uint64_t begin, RunClock::time_point now);
  void ended(size_t place, RunClock::time_point now);
  /// To be called after ended(), when all that the worker has done is known.
  void died(size_t place, const Fate& fate, bool is_hung);
  void waited(const TimeSpan& time, bool for_input);

  /// What p3_write says.
  WriterNews& writer() { return writer_; }
  void finished(RunClock::time_point now);

 private:
  struct Sent {
    Ledger::Item item;
    RunClock::time_point time;
    std::optional<RunClock::time_point> done = std::nullopt;
  };
  struct Place {
    unsigned lives = 0;
    std::deque<Sent> sent;            // and not known to be done, in the order of the work
    RunClock::time_point free_since;  // when its worker began, or had done what it was sent before
    std::optional<RunClock::time_point> ended;
  };

  template <typename IsIt>
  void done(size_t place, RunClock::time_point now, IsIt is_it);

  std::vector<std::unique_ptr<RunObserver>> observers_;
  std::vector<Place> places_;
  WriterNews writer_;
};

}  // namespace rowsum
