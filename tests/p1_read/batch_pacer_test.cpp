// SPDX-License-Identifier: MIT
#include "p1_read/batch_pacer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <vector>

using namespace rowsum;

namespace {

using Clock = BatchPacer::Clock;
using Seconds = std::chrono::duration<double>;

constexpr uint64_t kib = 1 << 10, mib = 1 << 20;

/// How long a command takes for so many bytes, without its start.
using Work = std::function<double(uint64_t bytes)>;

Work at_speed(double bytes_per_second) {
  return [=](uint64_t bytes) { return static_cast<double>(bytes) / bytes_per_second; };
}

struct Batch {
  double begin, end;  // when a place worked on it
  uint64_t bytes;
};

/// A run in which each place has as many batches as it may have, and works on one of them. There is
/// no clock: the time is that of the next batch that ends.
class Run {
 public:
  Run(size_t places, double start, Work work, uint64_t most = 16 * mib, unsigned timeout = 0,
      bool stays = false)
      : pacer_(places, most, timeout, stays),
        stays_(stays),
        start_(start),
        work_(std::move(work)),
        places_(places),
        has_started_(places) {}

  /// Does so many bytes, and returns the batches in the order in which they ended. `knows_end`: as
  /// of a plain file.
  std::vector<Batch> done(uint64_t bytes, bool knows_end = false) {
    std::vector<Batch> all;
    uint64_t left = bytes;
    while (true) {
      for (size_t turn = 0; turn < pacer_.credit(); ++turn) {
        for (size_t place = 0; place < places_.size(); ++place) {
          if (places_[place].size() > turn || left == 0) continue;
          const uint64_t size = knows_end ? pacer_.size_before_end(left) : pacer_.size();
          deal(place, std::min(size, left));
          left -= std::min(size, left);
        }
      }
      const auto next = next_place();
      if (!next) return all;
      all.push_back(places_[*next].front());
      now_ = all.back().end;
      places_[*next].erase(places_[*next].begin());
      pacer_.returned(*next, time(now_));
    }
  }

  /// One batch of this size at the first place, and the time until it is back.
  void one(uint64_t bytes) {
    deal(0, bytes);
    now_ = places_[0].front().end;
    places_[0].clear();
    pacer_.returned(0, time(now_));
  }

  uint64_t size() const { return pacer_.size(); }

 private:
  static Clock::time_point time(double seconds) {
    return Clock::time_point(std::chrono::duration_cast<Clock::duration>(Seconds(seconds + 1)));
  }
  void deal(size_t place, uint64_t bytes) {
    const auto& batches = places_[place];
    const double begin = batches.empty() ? now_ : batches.back().end;
    const double start = stays_ && has_started_[place] ? 0 : start_;
    has_started_[place] = true;
    places_[place].push_back({begin, begin + start + work_(bytes), bytes});
    pacer_.dealt(place, bytes, time(now_));
  }
  /// Where the next batch ends, if any place has one.
  std::optional<size_t> next_place() const {
    std::optional<size_t> next;
    for (size_t place = 0; place < places_.size(); ++place) {
      if (places_[place].empty()) continue;
      if (!next || places_[place].front().end < places_[*next].front().end) next = place;
    }
    return next;
  }

  BatchPacer pacer_;
  bool stays_;
  double start_;
  Work work_;
  double now_ = 0;
  std::vector<std::vector<Batch>> places_;  // what each has outstanding, the oldest first
  std::vector<bool> has_started_;           // by place
};

double time_of(const Batch& batch) {
  return batch.end - batch.begin;
}

/// Which part of the time the starts take, after so many batches.
double share_of_starts(const std::vector<Batch>& batches, size_t after, double start) {
  double all = 0;
  for (size_t i = after; i < batches.size(); ++i) all += time_of(batches[i]);
  return start * static_cast<double>(batches.size() - after) / all;
}

double longest_time(const std::vector<Batch>& batches, size_t after) {
  double longest = 0;
  for (size_t i = after; i < batches.size(); ++i) longest = std::max(longest, time_of(batches[i]));
  return longest;
}

}  // namespace

TEST_CASE("batch pacer: the first batches are small") {
  CHECK(BatchPacer(1, 16 * mib).size() == BatchPacer::first_size);
  CHECK(BatchPacer(64, 16 * mib).size() == BatchPacer::first_size);
}

TEST_CASE("batch pacer: a start takes at most a tenth of the time, and a batch not much longer") {
  // Python, Python with a library, a virtual machine, a model; from slow to fast for each byte.
  for (const double start : {0.001, 0.02, 0.1, 0.24, 0.26, 0.5, 2.0}) {
    for (const double speed : {0.1e6, 1e6, 5e6, 25e6}) {
      for (const size_t places : {1, 2, 5}) {
        CAPTURE(start);
        CAPTURE(speed);
        CAPTURE(places);
        // With a larger batch than `most`, the start would take less.
        const double needed = 9 * start * speed;
        const uint64_t most = std::max(16 * mib, static_cast<uint64_t>(2 * needed));
        const double batches = 60 * static_cast<double>(places);
        const double each = std::max(needed, 0.5 * speed);
        const auto done =
            Run(places, start, at_speed(speed), most).done(static_cast<uint64_t>(batches * each));
        const size_t after = 12 * places;
        REQUIRE(done.size() > 2 * after);
        CHECK(share_of_starts(done, after, start) < 0.105);
        CHECK(longest_time(done, after) < 1.1 * std::max(0.5, 10 * start));
      }
    }
  }
}

TEST_CASE("batch pacer: a short run has few starts") {
  // 30 MB for a command that takes a second or two with two places.
  const auto done = Run(2, 0.02, at_speed(15e6)).done(30'000'000, true);
  CHECK(done.size() <= 12);
  CHECK(done.back().end < 1.2 * 30e6 / 15e6 / 2);
}

TEST_CASE("batch pacer: slow rows come back soon") {
  // A row of 10 bytes takes a millisecond, or a tenth of a second.
  for (const double speed : {10e3, 4e3}) {
    for (const size_t places : {1, 2, 64}) {
      const auto done = Run(places, 0, at_speed(speed)).done(places * mib);
      const size_t after = 6 * places;
      REQUIRE(done.size() > 2 * after);
      CHECK(longest_time(done, after) < 0.6);
    }
  }
}

TEST_CASE("batch pacer: rows that are slow are no reason to kill a worker") {
  for (const double start : {0.0, 0.02, 2.0}) {
    // A row of 10 bytes takes from a microsecond to a tenth of a second.
    for (const double speed : {10e6, 10e3, 100.0}) {
      CAPTURE(start);
      CAPTURE(speed);
      const auto done =
          Run(2, start, at_speed(speed), 16 * mib, 10).done(static_cast<uint64_t>(200 * speed));
      CHECK(longest_time(done, 0) < 10);
      CHECK(longest_time(done, 10) < start + 2.6);
    }
  }
}

TEST_CASE("batch pacer: no batch is larger than it may be, or smaller than it needs to be") {
  for (const uint64_t most : {64 * kib, 1 * mib, 16 * mib}) {
    Run fast(2, 0, at_speed(1e9), most);
    const auto done = fast.done(1000 * mib);
    CHECK(fast.size() == most);
    CHECK(std::all_of(done.begin(), done.end(), [&](const Batch& b) { return b.bytes <= most; }));
    CHECK(done.size() < 1000 * mib / most + 20);
  }
  Run slow(1, 0, at_speed(2), 16 * mib);
  slow.done(20 * kib);
  CHECK(slow.size() == BatchPacer::least_size);
}

TEST_CASE("batch pacer: the size follows the speed") {
  double speed = 25e6;
  Run run(2, 0.02, [&](uint64_t bytes) { return static_cast<double>(bytes) / speed; });
  run.done(300 * mib);
  for (const double next : {1e5, 25e6, 1e6}) {
    speed = next;
    run.done(static_cast<uint64_t>(20 * next));
    CAPTURE(next);
    const double time = 0.02 + static_cast<double>(run.size()) / next;
    CHECK(time > 0.3);
    CHECK(time < 0.8);
  }
}

TEST_CASE("batch pacer: whatever chance does") {
  std::mt19937 random(1);
  for (int trial = 0; trial < 100; ++trial) {
    CAPTURE(trial);
    // Most batches take up to a half longer, and one in twenty ten times as long.
    std::uniform_real_distribution<double> noise(1, 1.5);
    const auto work = [&](uint64_t bytes) {
      const double time = (0.02 + static_cast<double>(bytes) / 25e6) * noise(random);
      return (random() % 20 == 0 ? 10 * time : time) - 0.02;
    };
    const auto done = Run(1 + random() % 8, 0.02, work).done(1000 * mib);
    const size_t after = done.size() / 2;
    double bytes = 0;
    for (size_t i = after; i < done.size(); ++i) bytes += static_cast<double>(done[i].bytes);
    const double starts = 0.02 * static_cast<double>(done.size() - after);
    CHECK(starts / (starts + bytes / 25e6) < 0.2);
    // Not even ten times the longest time is too long to wait for.
    CHECK(longest_time(done, after) < 10 * 1.5 * 1.5);
  }
}

TEST_CASE("batch pacer: rows that come one by one do not spoil it") {
  for (const double start : {0.02, 0.5}) {
    Run run(1, start, at_speed(25e6));
    for (int row = 0; row < 100; ++row) run.one(10);
    for (int batch = 0; batch < 20; ++batch) run.one(run.size());
    CAPTURE(start);
    CHECK(static_cast<double>(run.size()) > 0.9 * std::min<double>(9 * start * 25e6, 16 * mib));
  }
}

TEST_CASE("batch pacer: at the end of a file all places are done at about the same time") {
  for (const size_t places : {2, 5, 64}) {
    for (const uint64_t bytes : {1 * mib, 30 * mib, 1000 * mib}) {
      CAPTURE(places);
      CAPTURE(bytes);
      const auto done = Run(places, 0.02, at_speed(25e6)).done(bytes, true);
      const double ideal = static_cast<double>(bytes) / 25e6 / static_cast<double>(places);
      uint64_t sum = 0;
      for (const Batch& batch : done) sum += batch.bytes;
      CHECK(sum == bytes);
      CHECK(done.back().end < 1.4 * ideal + 0.25);
    }
  }
}

TEST_CASE(
    "batch pacer: all places are at work in a short run, also when its first start was cold") {
  for (const bool stays : {false, true}) {
    // The first batches of 8 KiB take 24 ms, and the next ones no longer, though they are larger.
    int starts = 0;
    const auto work = [&](uint64_t bytes) {
      return static_cast<double>(bytes) / 60e6 + (starts++ < 2 ? 0.012 : 0);
    };
    const auto done = Run(2, 0.012, work, 16 * mib, 0, stays).done(10 * mib, true);
    CAPTURE(stays);
    CHECK(done.size() <= (stays ? 40 : 12));
    CHECK(done.back().end < 10.0 * mib / 60e6 / 2 + (stays ? 0.05 : 0.11));
  }
}

TEST_CASE("batch pacer: batches of a command that stays are short, whatever its start takes") {
  for (const double start : {0.02, 2.0}) {
    for (const double speed : {0.1e6, 25e6}) {
      const auto done =
          Run(2, start, at_speed(speed), 16 * mib, 0, true).done(static_cast<uint64_t>(20 * speed));
      CHECK(longest_time(done, 8) < 0.06);
      CHECK(done.size() < 500);
    }
  }
}

TEST_CASE("batch pacer: a short input is shared out, as its rows may take long") {
  BatchPacer pacer(8, 16 * mib);
  CHECK(pacer.size_before_end(1600) == 100);
  CHECK(pacer.size_before_end(1) == 1);
  CHECK(pacer.size_before_end(0) == BatchPacer::least_size);
  CHECK(pacer.size_before_end(1000 * mib) == BatchPacer::first_size);
}

TEST_CASE("batch pacer: a result that nobody waits for changes nothing") {
  BatchPacer pacer(2, 16 * mib);
  pacer.returned(1, Clock::time_point());
  CHECK(pacer.size() == BatchPacer::first_size);
  pacer.dealt(0, 100, Clock::time_point());
  pacer.returned(0, Clock::time_point());  // in no time
  pacer.returned(0, Clock::time_point());
  CHECK(pacer.size() <= 16 * mib);
}
