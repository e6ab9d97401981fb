// SPDX-License-Identifier: MIT
#include "p3_write/progress_line.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace rowsum;
using std::chrono::milliseconds;

namespace {

constexpr uint64_t kB = 1000, MB = 1000 * kB, GB = 1000 * MB;

/// A run in the middle of a file.
ProgressNumbers half_way() {
  ProgressNumbers numbers;
  numbers.done = 1250 * MB;
  numbers.end = 2500 * MB;
  numbers.rows = 12'345'678;
  numbers.elapsed = milliseconds(6000);
  return numbers;
}

ProgressNumbers with_losses() {
  ProgressNumbers numbers = half_way();
  numbers.workers_lost = 2;
  numbers.rejects = 1;
  return numbers;
}

std::string text(const ProgressNumbers& numbers) {
  return progress_text(numbers).c_str();
}
std::string bar(const ProgressNumbers& numbers, size_t columns) {
  return progress_bar(numbers, columns).c_str();
}

}  // namespace

TEST_CASE("progress line: as text") {
  CHECK(text(half_way()) ==
        "1.2 GB of 2.5 GB (50%), 12,345,678 rows, 0:06 so far, 208 MB/s, 0:06 left");
  CHECK(text(with_losses()) ==
        "1.2 GB of 2.5 GB (50%), 12,345,678 rows, 0:06 so far, 208 MB/s, 0:06 left, "
        "2 workers lost, 1 row rejected");
}

TEST_CASE("progress line: with a bar") {
  CHECK(bar(half_way(), 80) ==
        " 50% [============>           ] 1.2/2.5 GB, 12,345,678 rows, 208 MB/s, 0:06 left");
  ProgressNumbers numbers = half_way();
  numbers.done = 0;
  CHECK(bar(numbers, 60) == "  0% [>                 ] 0 B/2.5 GB, 12,345,678 rows, 0 B/s");
  numbers.done = numbers.end;
  CHECK(bar(numbers, 60) == "100% [=====================] 2.5/2.5 GB, 416 MB/s, 0:00 left");
}

TEST_CASE("progress line: before anything is known") {
  CHECK(text({}) == "0 B, 0 rows, 0:00 so far");
  CHECK(bar({}, 80) == "0 B, 0 rows, 0:00 so far");
}

TEST_CASE("progress line: of an input whose end is not known") {
  ProgressNumbers numbers = with_losses();
  numbers.end = 0;
  CHECK(text(numbers) ==
        "1.2 GB, 12,345,678 rows, 0:06 so far, 208 MB/s, 2 workers lost, 1 row rejected");
  CHECK(bar(numbers, 80) == text(numbers));
  CHECK(bar(numbers, 40) == "1.2 GB, 208 MB/s, 2 workers lost");
  CHECK(bar(numbers, 30) == "1.2 GB, 0:06 so far, 208 MB/s");
  // A file that has grown.
  numbers.end = numbers.done - 1;
  CHECK(bar(numbers, 30) == "1.2 GB, 0:06 so far, 208 MB/s");
}

TEST_CASE("progress line: of a run that goes on with an earlier one") {
  ProgressNumbers numbers = half_way();
  numbers.begin = 650 * MB;  // so 600 MB of 1.85 GB are done in 6 s
  CHECK(text(numbers) ==
        "1.2 GB of 2.5 GB (50%), 12,345,678 rows, 0:06 so far, 100 MB/s, 0:13 left");
}

TEST_CASE("progress line: less and less room") {
  const ProgressNumbers numbers = with_losses();
  CHECK(bar(numbers, 120) ==
        " 50% [================>               ] 1.2/2.5 GB, 12,345,678 rows, 208 MB/s, 0:06 left, "
        "2 workers lost, 1 row rejected");
  CHECK(
      bar(numbers, 90) ==
      " 50% [=========>        ] 1.2/2.5 GB, 12,345,678 rows, 208 MB/s, 0:06 left, 2 workers lost");
  CHECK(bar(numbers, 70) ==
        " 50% [=======>       ] 1.2/2.5 GB, 208 MB/s, 0:06 left, 2 workers lost");
  CHECK(bar(numbers, 40) == " 50% [=====>     ] 1.2/2.5 GB, 0:06 left");
  CHECK(bar(numbers, 30) == " 50% [======>     ] 1.2/2.5 GB");
  CHECK(bar(numbers, 20) == " 50% [======>      ]");
  CHECK(bar(numbers, 10) == " 50%");
  CHECK(bar(numbers, 2) == " 5");
  CHECK(bar(numbers, 0) == "");
}

TEST_CASE("progress line: it never has more characters than columns") {
  for (ProgressNumbers numbers : {half_way(), with_losses(), ProgressNumbers()}) {
    for (const uint64_t end : {uint64_t{0}, numbers.done, UINT64_MAX}) {
      numbers.end = end;
      for (size_t columns = 0; columns < 300; ++columns) {
        CAPTURE(columns);
        CHECK(bar(numbers, columns).size() <= columns);
      }
    }
  }
}

TEST_CASE("progress line: numbers of any size") {
  ProgressNumbers numbers;
  const auto bytes = [&](uint64_t done) {
    numbers.done = done;
    return text(numbers).substr(0, text(numbers).find(','));
  };
  CHECK(bytes(999) == "999 B");
  CHECK(bytes(1000) == "1.0 kB");
  CHECK(bytes(1099) == "1.0 kB");
  CHECK(bytes(9999) == "9.9 kB");
  CHECK(bytes(10'000) == "10 kB");
  CHECK(bytes(999'999) == "999 kB");
  CHECK(bytes(MB) == "1.0 MB");
  CHECK(bytes(5000 * GB) == "5.0 TB");
  CHECK(bytes(UINT64_MAX) == "18 EB");

  numbers = {0,          UINT64_MAX - 1,         UINT64_MAX, UINT64_MAX, UINT64_MAX,
             UINT64_MAX, milliseconds(INT64_MAX)};
  CHECK(text(numbers) ==
        "18 EB of 18 EB (100%), 18,446,744,073,709,551,615 rows, 2562047788015:12:55 so far, "
        "2.0 kB/s, 0:00 left, 18,446,744,073,709,551,615 workers lost, "
        "18,446,744,073,709,551,615 rows rejected");
}

TEST_CASE("progress line: time") {
  ProgressNumbers numbers;
  const auto time = [&](int64_t seconds) {
    numbers.elapsed = milliseconds(1000 * seconds + 999);
    const std::string line = text(numbers);
    return line.substr(line.find("rows, ") + 6, line.find(" so") - line.find("rows, ") - 6);
  };
  CHECK(time(0) == "0:00");
  CHECK(time(9) == "0:09");
  CHECK(time(59) == "0:59");
  CHECK(time(60) == "1:00");
  CHECK(time(3599) == "59:59");
  CHECK(time(3600) == "1:00:00");
  CHECK(time(100 * 3600 + 62) == "100:01:02");
}

TEST_CASE("progress line: no time left that cannot be known") {
  ProgressNumbers numbers = half_way();
  numbers.begin = numbers.done;
  CHECK(text(numbers) == "1.2 GB of 2.5 GB (50%), 12,345,678 rows, 0:06 so far, 0 B/s");
  numbers.begin = numbers.done - 1;
  numbers.end = 1000 * GB;
  CHECK(text(numbers) == "1.2 GB of 1.0 TB (0%), 12,345,678 rows, 0:06 so far, 0 B/s");
  numbers.begin = 0;
  numbers.elapsed = milliseconds(0);
  CHECK(text(numbers) == "1.2 GB of 1.0 TB (0%), 12,345,678 rows, 0:00 so far");
}
