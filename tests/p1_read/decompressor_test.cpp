// SPDX-License-Identifier: MIT
#include "p1_read/decompressor.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <string>
#include <string_view>

#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;
using namespace std::literals;

TEST_CASE("decompressor: how a file is compressed is told by its first bytes") {
  const std::pair<std::string_view, Compression> beginnings[] = {
      {"\x1f\x8b"sv, Compression::gzip},
      {"\x28\xb5\x2f\xfd"sv, Compression::zstd},
      {"\x50\x2a\x4d\x18"sv, Compression::zstd},
      {"\x5f\x2a\x4d\x18"sv, Compression::zstd},
      {"\xfd\x37zXZ\0"sv, Compression::xz},
      {"BZh91AY&SY"sv, Compression::bzip2},
      {"BZh1\x17\x72\x45\x38\x50\x90"sv, Compression::bzip2},
  };
  for (const auto& [bytes, compression] : beginnings) {
    const std::string_view beginning = bytes;
    CAPTURE(beginning);
    CHECK(compression_of(beginning) == compression);
    CHECK(compression_of(std::string(beginning) + "1,2\n") == compression);
    for (size_t i = 0; i < beginning.size(); ++i) {
      CHECK_FALSE(compression_of(beginning.substr(0, i)));
      CHECK_FALSE(compression_of("1" + std::string(beginning)));
    }
  }
}

TEST_CASE("decompressor: no CSV is taken for a compressed file") {
  for (const char* const text :
       {"", "1", "1,2\n", "\xef\xbb\xbf\x31,2\n", "\"1\",2\n", "BZh9,n\n1,2\n", "BZh91AY,n\n",
        "P*M,n\n", "\x40\x2a\x4d\x18", "\x60\x2a\x4d\x18"}) {
    CAPTURE(text);
    CHECK_FALSE(compression_of(std::string_view(text)));
  }
}

TEST_CASE("decompressor: a file is looked at from its beginning, wherever its offset is") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv.gz");
  write_file(path, "\x1f\x8b 1,2\n");
  const OwnedFd file = open_file(path, O_RDONLY);
  REQUIRE(::lseek(file.get(), 3, SEEK_SET) == 3);
  CHECK(compression_of(file.get()) == Compression::gzip);
  CHECK(::lseek(file.get(), 0, SEEK_CUR) == 3);
  write_file(path, "1,2\n");
  CHECK_FALSE(compression_of(file.get()));
  CHECK_FALSE(compression_of(open_file(directory.path().string(), O_RDONLY).get()));
}
