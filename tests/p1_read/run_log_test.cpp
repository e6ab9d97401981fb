// SPDX-License-Identifier: MIT
#include "p1_read/run_log.h"

#include <doctest/doctest.h>

#include <string>

using namespace rowsum;

namespace {

RunClock::time_point at(int seconds) {
  return RunClock::time_point(std::chrono::seconds(seconds));
}

Ledger::Item batch(uint64_t begin, uint64_t end) {
  return {.batch = {.range = {begin, end}, .text = end - begin, .rows = 1}};
}

Ledger::Item chunk(uint64_t begin, uint64_t end) {
  return {.batch = {.range = {begin, end}, .text = end - begin}, .is_chunk = true};
}

std::string describe(const Work& work) {
  const auto seconds = [](RunClock::time_point time) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  const Range range = work.item.batch.range;
  return (work.item.is_chunk ? "chunk " : "batch ") + std::to_string(range.begin) + "-" +
         std::to_string(range.end) + " from " + seconds(work.time.begin) + " to " +
         seconds(work.time.end);
}

/// Notes what it is told, as text.
class Notes : public RunObserver {
 public:
  explicit Notes(std::vector<std::string>& lines) : lines_(lines) {}

  void done(size_t place, const Work& work) override { add(place, describe(work)); }
  void died(size_t place, const WorkerDeath& death) override {
    add(place, death.undone ? "died of " + describe(*death.undone) : "died");
  }

 private:
  void add(size_t place, const std::string& what) {
    lines_.push_back(std::to_string(place) + ": " + what);
  }

  std::vector<std::string>& lines_;
};

class Logged {
 public:
  Logged() : log(2) { log.add(std::make_unique<Notes>(lines)); }

  std::vector<std::string> lines;
  RunLog log;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("run log: work begins when it is sent, or when the work before it is done") {
  Logged run;
  run.log.started(0, at(1));
  run.log.sent(0, batch(0, 10), at(2));
  run.log.sent(0, batch(10, 20), at(3));
  run.log.answered(0, 10, at(5));
  run.log.answered(0, 20, at(6));
  run.log.sent(0, batch(20, 30), at(8));
  run.log.answered(0, 30, at(9));
  CHECK(run.lines == Lines{"0: batch 0-10 from 2 to 5", "0: batch 10-20 from 5 to 6",
                           "0: batch 20-30 from 8 to 9"});
}

TEST_CASE("run log: places do not depend on one another") {
  Logged run;
  run.log.started(0, at(0));
  run.log.started(1, at(0));
  run.log.sent(0, batch(0, 10), at(1));
  run.log.sent(1, batch(10, 20), at(1));
  run.log.answered(1, 20, at(2));
  run.log.answered(0, 10, at(7));
  CHECK(run.lines == Lines{"1: batch 10-20 from 1 to 2", "0: batch 0-10 from 1 to 7"});
}

TEST_CASE("run log: what is heard of twice counts once") {
  Logged run;
  run.log.started(0, at(0));
  run.log.sent(0, batch(0, 10), at(1));
  run.log.answered(0, 10, at(2));
  run.log.answered(0, 10, at(3));  // by p3_write
  CHECK(run.lines == Lines{"0: batch 0-10 from 1 to 2"});
}

TEST_CASE("run log: what is heard of too early waits for the work before it") {
  Logged run;
  run.log.started(0, at(0));
  run.log.sent(0, chunk(0, 10), at(1));
  run.log.sent(0, batch(0, 10), at(2));
  run.log.answered(0, 10, at(4));
  CHECK(run.lines.empty());
  run.log.scanned(0, 0, at(5));
  CHECK(run.lines == Lines{"0: chunk 0-10 from 1 to 5", "0: batch 0-10 from 5 to 5"});
}

TEST_CASE("run log: what a worker died of, and what the next one does") {
  Logged run;
  run.log.started(0, at(0));
  run.log.sent(0, batch(0, 10), at(1));
  run.log.sent(0, batch(10, 20), at(1));
  run.log.sent(0, batch(20, 30), at(1));
  run.log.ended(0, at(4));
  run.log.answered(0, 10, at(5));  // heard of after the death, so not known when it was done
  run.log.died(0, {true, 9}, false);
  run.log.started(0, at(6));
  run.log.sent(0, batch(10, 20), at(6));
  run.log.sent(0, batch(20, 30), at(6));
  run.log.answered(0, 20, at(7));
  run.log.answered(0, 30, at(8));
  CHECK(run.lines == Lines{"0: batch 0-10 from 1 to 4", "0: died of batch 10-20 from 4 to 4",
                           "0: batch 10-20 from 6 to 7", "0: batch 20-30 from 7 to 8"});
}

TEST_CASE("run log: a worker may die while it has nothing to do") {
  Logged run;
  run.log.started(1, at(0));
  run.log.ended(1, at(4));
  run.log.died(1, {false, 3}, false);
  CHECK(run.lines == Lines{"1: died"});
}
