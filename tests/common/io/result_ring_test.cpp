// SPDX-License-Identifier: MIT
#include "common/io/result_ring.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <deque>
#include <string>

#include "tests/support/pipes.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

const auto size = static_cast<uint32_t>(::sysconf(_SC_PAGESIZE));

/// A ring as p3_write and the worker see it.
struct Ends {
  OwnedFd file = make_result_ring(size);
  ResultRing worker{file.get()}, writer{file.get()};
};

}  // namespace

TEST_CASE("result ring: lines come out as they were put, over its end and beginning") {
  Ends ring;
  std::deque<std::pair<uint32_t, std::string>> held;
  uint64_t turns = 0;
  for (size_t i = 1; turns < 20 * size; ++i) {
    const std::string lines = some_bytes(i * 37 % 900 + 1);
    turns += lines.size();
    auto position = ring.worker.put(lines);
    while (!position) {
      REQUIRE_FALSE(held.empty());
      const auto& [at, expected] = held.front();
      REQUIRE(ring.writer.at(at, expected.size()) == expected);
      ring.writer.taken(at, expected.size());
      held.pop_front();
      position = ring.worker.put(lines);
    }
    held.emplace_back(*position, lines);
  }
  CHECK(held.size() > 3);
}

TEST_CASE("result ring: it has room for as many bytes as it is large, and for no more") {
  Ends ring;
  const std::string half(size / 2, 'x');
  CHECK(ring.worker.put(half) == 0);
  CHECK(ring.worker.put(half) == size / 2);
  CHECK_FALSE(ring.worker.put("1"));
  ring.writer.taken(0, half.size());
  CHECK(ring.worker.put(half) == 0);
  CHECK_FALSE(ring.worker.put("1"));
  CHECK_FALSE(Ends().worker.put(std::string(size + 1, 'x')));
  CHECK(Ends().worker.put(std::string(size, 'x')) == 0);
}

TEST_CASE("result ring: once all has been taken, it is written from its beginning") {
  Ends ring;
  for (int i = 0; i < 3; ++i) {
    CHECK(ring.worker.put("123") == 0);
    CHECK(ring.worker.put("4") == 3);
    ring.writer.taken(0, 3);
    ring.writer.taken(3, 1);
  }
}

TEST_CASE("result ring: it has as much room when it is written from its beginning again") {
  Ends ring;
  REQUIRE(ring.worker.put("123") == 0);
  ring.writer.taken(0, 3);
  const std::string half(size / 2, 'x'), other(size / 2, 'y');
  CHECK(ring.worker.put(half) == 0);
  CHECK(ring.worker.put(other) == size / 2);
  CHECK_FALSE(ring.worker.put("1"));
  CHECK(ring.writer.at(0, half.size()) == half);
  ring.writer.taken(0, half.size());
  CHECK(ring.worker.put("123") == 0);
  CHECK(ring.writer.at(size / 2, other.size()) == other);
}

TEST_CASE("result ring: the next worker does not write over what the last one has put") {
  Ends ring;
  REQUIRE(ring.worker.put(std::string(size - 10, 'x')) == 0);
  // This worker has died before it has sent where its last lines are.
  REQUIRE(ring.worker.put("67890") == size - 10);
  ResultRing next(ring.file.get());
  CHECK_FALSE(next.put("123456"));
  CHECK(next.put("12345") == size - 5);
  ring.writer.taken(0, size - 10);
  ring.writer.taken(size - 5, 5);
  CHECK(next.put(std::string(size, 'y')) == 0);
}

TEST_CASE("result ring: there are no lines outside it") {
  Ends ring;
  CHECK(ring.writer.at(0, size)->size() == size);
  CHECK(ring.writer.at(size - 1, size)->size() == size);
  CHECK_FALSE(ring.writer.at(size, 1));
  CHECK_FALSE(ring.writer.at(0, size + 1));
}

TEST_CASE("result ring: a file that is no ring") {
  Pipe pipe;
  CHECK(thrown_by([&] { ResultRing ring(pipe.in.get()); }).status == ExitStatus::system);
}
