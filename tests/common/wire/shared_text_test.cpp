// SPDX-License-Identifier: MIT
#include "common/wire/shared_text.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

/// A file in which each byte can be seen to be the one that was there first, or another.
class ChangingFile {
 public:
  explicit ChangingFile(const std::string& bytes) {
    write_file(path_, bytes);
    file_ = open_file(path_);
  }

  int fd() const { return file_.get(); }
  /// From now on all bytes are this one.
  void fill(char byte) const {
    write_file(path_, std::string(std::filesystem::file_size(path_), byte));
  }
  /// Likewise the bytes of a chunk. Those before it stay.
  void fill(const Range& range, char byte) const {
    const std::string bytes(range.size(), byte);
    REQUIRE(::pwrite(fd(), bytes.data(), bytes.size(), static_cast<off_t>(range.begin)) ==
            static_cast<ssize_t>(bytes.size()));
  }

 private:
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("in.csv");
  OwnedFd file_;
};

/// A batch without anything before its text.
Batch batch_of_text(uint64_t begin, uint64_t end) {
  return {.range = {begin, end}, .text = end - begin};
}

}  // namespace

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

TEST_CASE("shared text: a chunk is kept, and the batch that ends in it is not read again") {
  const ChangingFile file("0123456789");
  SharedText text({file.fd(), 0});
  CHECK(text.chunk({4, 8}, "in.csv") == "4567");
  file.fill('x');
  CHECK(text.of(batch_of_text(4, 6), "in.csv") == "45");
  CHECK(text.of(batch_of_text(6, 7), "in.csv") == "6");
  CHECK(text.of(batch_of_text(5, 8), "in.csv") == "567");
  CHECK(text.of({.range = {0, 7}, .text = 2}, "in.csv") == "56");
  // What is not in the chunk is read.
  CHECK(text.of(batch_of_text(1, 4), "in.csv") == "xxx");
  CHECK(text.of(batch_of_text(4, 9), "in.csv") == "xxxxx");
  CHECK(text.of(batch_of_text(8, 9), "in.csv") == "x");
}

TEST_CASE("shared text: what a batch has before the chunk is read in front of it") {
  const ChangingFile file("0123456789");
  SharedText text({file.fd(), 0});
  text.chunk({4, 8}, "in.csv");
  file.fill({4, 8}, 'x');
  CHECK(text.of(batch_of_text(1, 6), "in.csv") == "12345");
  CHECK(text.of({.range = {0, 5}, .text = 3}, "in.csv") == "234");
  CHECK(text.of(batch_of_text(0, 8), "in.csv") == "01234567");
}

TEST_CASE("shared text: the last chunks are kept, and no older one") {
  const ChangingFile file("0123456789");
  SharedText text({file.fd(), 0});
  for (uint64_t begin = 0; begin <= kept_chunks; ++begin) text.chunk({begin, begin + 1}, "in.csv");
  file.fill('x');
  CHECK(text.of(batch_of_text(0, 1), "in.csv") == "x");
  for (uint64_t begin = 1; begin <= kept_chunks; ++begin) {
    CHECK(text.of(batch_of_text(begin, begin + 1), "in.csv") == std::to_string(begin));
  }
}

TEST_CASE("shared text: chunks of any sizes take the places of others") {
  const std::string bytes = some_bytes(300'000);
  const ChangingFile file(bytes);
  SharedText text({file.fd(), 0});
  for (const uint64_t size : {1, 10, 100'000, 2, 200'000, 3}) {
    for (uint64_t i = 0; i < kept_chunks; ++i) {
      const Range range{70'000 + i, 70'000 + i + size};
      CHECK(text.chunk(range, "in.csv") == bytes.substr(range.begin, range.size()));
      CHECK(text.of(batch_of_text(69'990, range.end), "in.csv") ==
            bytes.substr(69'990, range.end - 69'990));
    }
  }
}

TEST_CASE("shared text: of a row that begins long before the chunk all is read again") {
  constexpr uint64_t before = 100'000;
  const ChangingFile file(std::string(before, '-') + "0123");
  SharedText text({file.fd(), 0});
  text.chunk({before, before + 4}, "in.csv");
  file.fill({before, before + 4}, 'x');
  // Some thousand bytes have room before the chunk, and are all that has to be read.
  CHECK(text.of(batch_of_text(before - 4096, before + 2), "in.csv") ==
        std::string(4096, '-') + "01");
  CHECK(text.of(batch_of_text(0, before + 2), "in.csv") == std::string(before, '-') + "xx");
  // With every number of bytes the text is right, whether it is read again or not.
  for (uint64_t head = 60'000; head <= 70'000; ++head) {
    const std::string_view read = text.of(batch_of_text(before - head, before + 1), "in.csv");
    REQUIRE(read.size() == head + 1);
    REQUIRE(read.find_first_not_of('-') == head);
  }
}

TEST_CASE("shared text: a chunk beyond the end of the file is shorter") {
  const ChangingFile file("0123456789");
  SharedText text({file.fd(), 0});
  CHECK(text.chunk({7, 12}, "in.csv") == "789");
  CHECK(text.chunk({10, 12}, "in.csv") == "");
  file.fill('x');
  CHECK(text.of(batch_of_text(8, 10), "in.csv") == "89");
  CHECK(thrown_by([&] { text.of(batch_of_text(8, 11), "in.csv"); }) ==
        Thrown{ExitStatus::io, "in.csv: it shrank while it was read"});
}

TEST_CASE("shared text: a chunk that cannot be read is a failure, and is not kept") {
  const TemporaryDirectory directory;
  const OwnedFd unreadable = open_file(directory.file("in.csv"), O_WRONLY | O_CREAT);
  SharedText text({unreadable.get(), 0});
  CHECK(thrown_by([&] {
          text.chunk({0, 4}, "in.csv");
        }) == Thrown{ExitStatus::io, "in.csv: Bad file descriptor"});
  CHECK(thrown_by([&] { text.of(batch_of_text(0, 4), "in.csv"); }).status == ExitStatus::io);
}
