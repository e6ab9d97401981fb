// SPDX-License-Identifier: MIT
#include "p1_read/link_pacer.h"

#include <doctest/doctest.h>

using namespace rowsum;
using std::chrono::milliseconds;

namespace {

constexpr uint64_t most = 1 << 20;

/// Place 0 is on this machine, and place 1 on another host.
struct Run {
  LinkPacer pacer{{0, 1}, {true, false}, most};
  LinkPacer::Clock::time_point now{milliseconds(1000)};
  uint64_t position = 0;

  void deal(size_t place) {
    pacer.dealt(place, position, pacer.size(place), now);
    position += pacer.size(place);
  }
  /// Each place gets a batch, and that of place 0 is soon back.
  void begin() {
    deal(1);
    deal(0);
    now += milliseconds(1);
    pacer.returned(0, 0, false, now);
  }
  size_t credit(std::optional<uint64_t> left = std::nullopt) const {
    return pacer.credit(1, left, now);
  }
};

}  // namespace

TEST_CASE("link pacer: the batches of a host grow while nobody waits") {
  Run run;
  CHECK(run.credit() == 1);
  run.deal(1);
  CHECK(run.credit() == 0);  // until the first one is back
  for (uint64_t size = 2 * LinkPacer::first_size; size <= 2 * most; size *= 2) {
    run.now += milliseconds(100);
    run.pacer.returned(1, run.position, false, run.now);
    CHECK(run.pacer.size(1) == std::min(size, most));
    CHECK(run.credit() == LinkPacer::most_credit);
    run.deal(1);
  }
}

TEST_CASE("link pacer: a host that the others wait for rests, and gets less") {
  for (const bool may_have_waited : {true, false}) {
    for (const bool was_oldest : {true, false}) {
      CAPTURE(may_have_waited);
      CAPTURE(was_oldest);
      Run run;
      run.begin();
      run.deal(0);
      run.now += milliseconds(100);  // place 0 says nothing
      run.pacer.returned(1, was_oldest ? run.position : 0, may_have_waited, run.now);
      const bool rests = may_have_waited && was_oldest;
      CHECK((run.pacer.size(1) < LinkPacer::first_size) == rests);
      CHECK((run.credit() == 0) == rests);
      run.now += milliseconds(3000);
      CHECK((run.credit() == 0) == rests);
      run.now += milliseconds(3000);
      CHECK(run.credit() == LinkPacer::most_credit);
    }
  }
}

TEST_CASE("link pacer: places here that have nothing outstanding may wait as well") {
  for (const bool may_have_waited : {true, false}) {
    CAPTURE(may_have_waited);
    Run run;
    run.begin();
    run.now += milliseconds(100);
    run.pacer.returned(1, run.position, may_have_waited, run.now);
    CHECK((run.credit() == 0) == may_have_waited);
  }
}

TEST_CASE("link pacer: nobody waits here before anything has been done here") {
  Run run;
  run.deal(1);
  run.now += milliseconds(100);
  run.pacer.returned(1, run.position, true, run.now);
  CHECK(run.credit() == LinkPacer::most_credit);
}

TEST_CASE("link pacer: in the end a host gets nothing that the others would wait for") {
  Run run;
  run.deal(1);
  run.now += milliseconds(100);
  run.pacer.returned(1, run.position, false, run.now);
  CHECK(run.credit(1) == LinkPacer::most_credit);  // nobody else is at work
  run.deal(0);
  CHECK(run.credit(1) == 0);
  // At 8 KiB in 100 ms, the next batch of 16 KiB takes 200 ms.
  CHECK(run.credit(30 << 10) == 0);
  CHECK(run.credit(34 << 10) == LinkPacer::most_credit);
  CHECK(run.credit() == LinkPacer::most_credit);  // the end is not known
}
