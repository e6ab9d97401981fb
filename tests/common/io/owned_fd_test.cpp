// SPDX-License-Identifier: MIT
#include "common/io/owned_fd.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <type_traits>

#include "tests/support/pipes.h"

using namespace rowsum;

static_assert(!std::is_copy_constructible_v<OwnedFd> && !std::is_copy_assignable_v<OwnedFd>);
static_assert(!std::is_convertible_v<OwnedFd, bool> && !std::is_convertible_v<int, OwnedFd>);

namespace {

int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("owned fd: closed when its owner goes") {
  int fd = -1;
  {
    const OwnedFd owner(open_null());
    fd = owner.get();
    CHECK(owner.is_open());
    CHECK(is_open(fd));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("owned fd: none at first, and none after a failed open") {
  CHECK_FALSE(OwnedFd().is_open());
  CHECK_FALSE(OwnedFd(::open("/no/such/file", O_RDONLY)).is_open());
}

TEST_CASE("owned fd: closed once, so that nobody else's is closed with the second") {
  OwnedFd owner(open_null());
  const int fd = owner.get();
  owner.close();
  CHECK_FALSE(owner.is_open());
  const OwnedFd other(open_null());
  CHECK(other.get() == fd);
  owner.close();
  CHECK(is_open(fd));
}

TEST_CASE("owned fd: moves") {
  OwnedFd first(open_null());
  const int fd = first.get();
  OwnedFd second(std::move(first));
  CHECK(second.get() == fd);
  CHECK_FALSE(first.is_open());  // NOLINT: the class promises this after a move

  OwnedFd third(open_null());
  const int replaced = third.get();
  third = std::move(second);
  CHECK(third.get() == fd);
  CHECK(is_open(fd));
  third = OwnedFd();
  CHECK_FALSE(is_open(fd));
  second.close();
  CHECK_FALSE(is_open(replaced));
}
