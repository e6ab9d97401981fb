#include "common/wire/shared_text.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

using namespace rowsum;

TEST_CASE("shared text: of a plain file") {
  TemporaryDirectory directory;
  write_file(directory.file("in.csv"), "0123456789");
  const OwnedFd file = open_file(directory.file("in.csv"));
  SharedText text({file.get(), 0});
  CHECK(text.of({.range = {2, 7}, .text = 4}, "in.csv") == "3456");
  CHECK(thrown_by([&] {
          text.of({.range = {7, 11}, .text = 4}, "in.csv");
        }) == Thrown{ExitStatus::io, "in.csv: it shrank while it was read"});
}

TEST_CASE("shared text: of a ring, over its end and beginning") {
  Ring ring(1);
  const std::string bytes = some_bytes(100);
  std::copy(bytes.begin(), bytes.end(), ring.space(7 * ring.size() - 50, 100).begin());
  SharedText text({ring.fd(), ring.size()});
  const uint64_t begin = 7 * ring.size() - 50;
  CHECK(text.of({.range = {begin, begin + 100}, .text = 90}, "in") == bytes.substr(10));
}
