// SPDX-License-Identifier: MIT
// The smallest factor of each number, one in each row. That of an even number is found at once, and
// that of 9223372036854775783, which is a prime, takes seconds. What a worker has answered it
// prints on standard error. With rows that come one by one, the ways to deal differ: round-robin
// gives rows also to a worker that is busy, pull does not. For example, in two terminals:
//
//   mkfifo rows; run_pipeline.sh -n 2 --batch-size=1 --deal=pull --worker ./uneven rows
//   cat > rows
#include <rowsum/worker.h>

#include <cstdlib>
#include <iostream>

int main() {
  const char* const worker = std::getenv("ROWSUM_WORKER");  // its place, a dot, its life
  return rowsum::run_worker([&](rowsum::Integers row) {
    if (row.size() != 1 || row[0] < 2) throw rowsum::Rejected("not one number above 1");
    std::int64_t factor = 2;
    while (row[0] % factor != 0 && factor <= row[0] / factor) ++factor;
    if (row[0] % factor != 0) factor = row[0];
    std::cerr << std::string(worker ? worker : "") + ": " + std::to_string(row[0]) + "\n";
    return std::to_string(factor);
  });
}
