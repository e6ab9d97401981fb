// SPDX-License-Identifier: MIT
#include "p1_read/statistics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace rowsum;

namespace {

RunClock::time_point at(double seconds) {
  return RunClock::time_point(std::chrono::milliseconds(static_cast<int>(seconds * 1000)));
}

Work work(const Range& range, uint64_t rows, double begin, double end) {
  return {{.batch = {.range = range, .text = range.size(), .rows = rows}}, {at(begin), at(end)}};
}

WorkerDeath death_of(const Fate& fate, bool is_hung = false) {
  return {at(0), 0, fate, is_hung, std::nullopt};
}

WorkerDeath killed(int signal) {
  return death_of({true, signal});
}

size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

}  // namespace

TEST_CASE("statistics: the table") {
  Statistics statistics(3, at(10));
  statistics.started(0, 0, at(10));
  statistics.done(0, work({0, 1'000'000}, 100, 10.5, 11.5));
  statistics.started(2, 0, at(11));
  Work scan = work({1'000'000, 2'000'000}, 0, 11.0, 11.25);
  scan.item.is_chunk = true;
  statistics.done(2, scan);
  statistics.done(2, work({1'000'000, 4'000'000}, 50, 11.25, 11.5));
  statistics.ended(2, at(11.75));
  WorkerDeath death = killed(9);
  death.undone = work({4'000'000, 5'000'000}, 1, 11.5, 11.75);
  statistics.died(2, death);
  statistics.started(2, 1, at(12));
  statistics.done(2, work({4'000'000, 5'000'000}, 1, 12, 12.5));
  statistics.ended(0, at(14));
  statistics.ended(2, at(14));
  CHECK(statistics.table({.rejects = 7, .cpu_microseconds = 1'500'000, .peak_memory = 3 << 20},
                         at(14), {20'000, 1 << 20}, {2'345'678, 5 << 19}) ==
        "rows                      151\n"
        "bytes                 5000000\n"
        "seconds                 4.000\n"
        "MB/s                      1.2\n"
        "rejects                     7\n"
        "\n"
        "            batches         rows    busy s  waiting s  lives  died of\n"
        "place 0           1          100     1.000      3.000      1\n"
        "place 2           2           51     1.250      1.500      2  KILL\n"
        "\n"
        "                CPU s   peak MiB\n"
        "p1_read         0.020        1.0\n"
        "workers         2.346        2.5\n"
        "p3_write        1.500        3.0\n");
}

TEST_CASE("statistics: what p3_write has not said") {
  const std::string table = Statistics(1, at(0)).table({}, at(1), {}, {});
  CHECK(table.find("rejects                     -\n") != std::string::npos);
  CHECK(table.find("p3_write            -          -\n") != std::string::npos);
}

TEST_CASE("statistics: deaths are counted by their causes, in 80 columns") {
  Statistics statistics(8, at(0));
  statistics.started(7, 0, at(0));
  for (int i = 0; i < 3; ++i) statistics.died(7, killed(9));
  statistics.died(7, death_of({true, 9}, true));
  statistics.died(7, killed(9));
  const auto table = [&] { return statistics.table({}, at(1), {}, {}); };
  CHECK(table().find("  KILL x4, hung\n") != std::string::npos);
  statistics.died(7, death_of({false, 75}));
  CHECK(table().find("KILL x4, hung, ...\n") != std::string::npos);
  for (int signal = 1; signal < 9; ++signal) statistics.died(7, killed(signal));
  CHECK(longest_line(table()) == 80);
}

TEST_CASE("statistics: the largest numbers fit") {
  Statistics statistics(1, at(0));
  statistics.started(0, 0, at(0));
  statistics.done(0, work({0, uint64_t{1} << 50}, 999'999'999'999, 0, 99'999));
  CHECK(longest_line(statistics.table({}, at(99'999), {}, {})) <= 80);
}
