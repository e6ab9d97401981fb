// SPDX-License-Identifier: MIT
#include "common/io/ring.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/io/read_write.h"

#include "tests/support/child.h"
#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

constexpr uint64_t mebibyte = 1 << 20;

uint64_t size_of(int fd) {
  struct stat status = {};
  ::fstat(fd, &status);
  return static_cast<uint64_t>(status.st_size);
}

uint64_t blocks_of(int fd) {
  struct stat status = {};
  ::fstat(fd, &status);
  return static_cast<uint64_t>(status.st_blocks) * 512;
}

void put(Ring& ring, uint64_t offset, const std::string& bytes) {
  const std::span<char> space = ring.space(offset, bytes.size());
  REQUIRE(space.size() == bytes.size());
  std::copy(bytes.begin(), bytes.end(), space.begin());
}

/// The bytes of the file as they lie in it.
std::string file_of(const Ring& ring) {
  std::string bytes(ring.size(), '\0');
  pread_fully(ring.fd(), bytes, 0, "ring");
  return bytes;
}

/// As another process reads it.
std::string take(const Ring& ring, uint64_t offset, size_t size) {
  const RingMapping mapping(ring.fd(), ring.size(), boost::interprocess::read_only, "ring");
  return {mapping.at(offset), size};
}

}  // namespace

TEST_CASE("ring: its size is a number of pages, and so is its file's") {
  const Ring ring(mebibyte - 1);
  CHECK(ring.size() == mebibyte);
  CHECK(size_of(ring.fd()) == mebibyte);
}

TEST_CASE("ring: of any size, wherever the kernel would rather put a big mapping") {
  for (const uint64_t size :
       {uint64_t{4096}, mebibyte, 2 * mebibyte, 5 * mebibyte, 64 * mebibyte}) {
    CAPTURE(size);
    CHECK(thrown_by([&] { Ring ring(size); }) == Thrown());
  }
}

TEST_CASE("ring: the byte at offset x lies at x mod its size") {
  Ring ring(mebibyte);
  put(ring, 5, "first");
  put(ring, 7 * mebibyte + 100, "second");
  const std::string bytes = file_of(ring);
  CHECK(bytes.substr(5, 5) == "first");
  CHECK(bytes.substr(100, 6) == "second");
}

TEST_CASE("ring: a stretch over the wrap is contiguous memory, and two parts of the file") {
  Ring ring(mebibyte);
  const std::string text = some_bytes(1000);
  put(ring, 3 * mebibyte - 400, text);
  const std::string bytes = file_of(ring);
  CHECK(bytes.substr(mebibyte - 400) == text.substr(0, 400));
  CHECK(bytes.substr(0, 600) == text.substr(400));
  // What is written into one mapping can be read from both.
  const std::span<char> beginning = ring.space(3 * mebibyte, 600);
  CHECK(std::string(beginning.begin(), beginning.end()) == text.substr(400));
}

TEST_CASE("ring: all of it at once, from anywhere") {
  Ring ring(mebibyte);
  const std::string text = some_bytes(mebibyte);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, mebibyte - 1, 9 * mebibyte + 12'345}) {
    put(ring, offset, text);
    CHECK(take(ring, offset, mebibyte) == text);
  }
}

TEST_CASE("ring: another mapping shows what was put, on either side of the wrap and over it") {
  Ring ring(mebibyte);
  const std::string text = some_bytes(1000);
  const uint64_t begin = 5 * mebibyte - 500;
  put(ring, begin, text);
  for (const size_t from : {0, 1, 499, 500, 501}) {
    for (const size_t size : {0, 1, 2, 499}) {
      CAPTURE(from);
      CAPTURE(size);
      CHECK(take(ring, begin + from, size) == text.substr(from, size));
    }
  }
  CHECK(take(ring, begin, 1000) == text);
}

TEST_CASE("ring: a mapping of more than the file has") {
  const Ring ring(mebibyte);
  CHECK(thrown_by([&] {
          RingMapping(ring.fd(), 2 * mebibyte, boost::interprocess::read_only, "ring");
        }) == Thrown{ExitStatus::system, "ring: a file that is too small"});
}

TEST_CASE("ring: a short input takes few blocks, and a long one all of them in a few steps") {
  Ring ring(64 * mebibyte);
  CHECK(blocks_of(ring.fd()) == 0);
  put(ring, 0, "1,2,3\n");
  CHECK(blocks_of(ring.fd()) > 0);
  CHECK(blocks_of(ring.fd()) < mebibyte);

  uint64_t steps = 0;
  for (uint64_t offset = 0; offset < 2 * ring.size(); offset += 64 << 10) {
    const uint64_t before = blocks_of(ring.fd());
    ring.space(offset, 64 << 10);
    CHECK(blocks_of(ring.fd()) >= std::min(offset + (64 << 10), ring.size()));
    steps += blocks_of(ring.fd()) != before;
  }
  CHECK(steps <= 10);
}

TEST_CASE("ring: a file that cannot grow to its size") {
  CHECK(run_in_child([] {
          ::signal(SIGXFSZ, SIG_IGN);
          const rlimit small{mebibyte, mebibyte};
          ::setrlimit(RLIMIT_FSIZE, &small);
          const Thrown thrown = thrown_by([&] { Ring ring(2 * mebibyte); });
          const Thrown expected{ExitStatus::system, "the ring for the input: File too large"};
          return thrown == expected ? 0 : 1;
        }).status == 0);
}

TEST_CASE("ring: without address space for it, it is a failure") {
  constexpr uint64_t too_much = uint64_t{1} << 60;
  CHECK(thrown_by([] { Ring ring(too_much); }) ==
        Thrown{ExitStatus::system, "the ring for the input: Cannot allocate memory"});
}
