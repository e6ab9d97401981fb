// SPDX-License-Identifier: MIT
#include "p1_read/inputs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

/// While this object exists, standard input is `fd`.
class StandardInput {
 public:
  explicit StandardInput(int fd) : before_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(fd, STDIN_FILENO);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() { ::dup2(before_.get(), STDIN_FILENO); }

 private:
  OwnedFd before_;
};

std::string read_current(Inputs& inputs, size_t most = 3) {
  std::string all;
  std::string piece(most, '\0');
  while (const size_t n = inputs.read_some(piece).value()) all.append(piece, 0, n);
  return all;
}

/// The contents of all inputs, with a | after each.
std::string read_all(Inputs& inputs) {
  std::string all;
  do {
    all += read_current(inputs) + '|';
  } while (inputs.open_next());
  return all;
}

}  // namespace

TEST_CASE("inputs: several plain files are large on average, or are none") {
  const TemporaryDirectory directory;
  const auto file = [&](const std::string& name, size_t size) {
    write_file(directory.file(name), std::string(size, '1'));
    return directory.file(name);
  };
  const std::string large = file("large", 2 << 20), small = file("small", 1),
                    empty = file("empty", 0), fifo = directory.file("fifo"),
                    compressed = directory.file("compressed");
  write_file(compressed, "\x1f\x8b");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto are_plain = [](std::vector<std::string> operands) {
    return Inputs(std::move(operands)).are_plain_files();
  };
  const auto end = [](std::vector<std::string> operands) {
    return Inputs(std::move(operands)).end();
  };
  CHECK(end({large, small}) == (2 << 20) + 1);
  CHECK(end({large, "no such file"}) == 2 << 20);
  CHECK(end({small, small, large}) == 0);
  CHECK(end({large, fifo}) == 0);
  CHECK(end({large, "-"}) == 0);
  CHECK(end({large, large, compressed}) == 0);
  CHECK(end({compressed}) == 0);
  CHECK(are_plain({large, large}));
  CHECK(are_plain({small, large}));
  CHECK(are_plain({large, "no such file"}));
  CHECK_FALSE(are_plain({large}));
  CHECK_FALSE(are_plain({small, small, large}));
  CHECK_FALSE(are_plain({large, empty}));
  CHECK_FALSE(are_plain({large, fifo}));
  CHECK_FALSE(are_plain({large, "-"}));
  CHECK_FALSE(are_plain({large, large, compressed}));

  // A file that has been emptied, and one that has become something else, before it is opened.
  Inputs inputs({large, small, large});
  write_file(small, "");
  REQUIRE(inputs.open_next());
  CHECK(inputs.has_known_size());
  CHECK(read_current(inputs).empty());
  std::filesystem::remove(large);
  REQUIRE(::mkfifo(large.c_str(), 0600) == 0);
  REQUIRE(inputs.open_next());
  CHECK_FALSE(inputs.has_known_size());
}

TEST_CASE("inputs: a plain file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1,2\n3\n");
  Inputs inputs({path});
  CHECK(inputs.is_plain_file());
  CHECK(inputs.begin() == 0);
  CHECK(inputs.end() == 6);
  CHECK(inputs.index() == 0);
  CHECK(inputs.name() == path);
  CHECK(inputs.names() == std::vector<std::string>{path});
  CHECK(inputs.identity().size == 6);
  CHECK(read_current(inputs) == "1,2\n3\n");
  CHECK(read_current(inputs) == "");
  CHECK_FALSE(inputs.open_next());
}

TEST_CASE("inputs: a plain file from the middle on") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1,2\n3\n");
  Inputs inputs({path});
  inputs.begin_at(4);
  CHECK(inputs.begin() == 4);
  CHECK(inputs.end() == 6);
  CHECK(inputs.identity() == Inputs({path}).identity());
  CHECK(read_current(inputs) == "3\n");
  Inputs beyond({path});
  beyond.begin_at(7);
  CHECK(beyond.begin() == 6);
  CHECK(read_current(beyond) == "");
}

TEST_CASE("inputs: a stretch of a plain file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1,2\n3\n4\n");
  Inputs inputs({path});
  inputs.narrow({2, 6});
  CHECK(inputs.begin() == 2);
  CHECK(inputs.end() == 6);
  CHECK(inputs.size() == 8);
  CHECK(inputs.identity() == Inputs({path}).identity());
  CHECK(read_current(inputs) == "2\n3\n");
  Inputs left({path});
  left.narrow({2, 6});
  CHECK(left.skip_rest() == 4);
  CHECK(::lseek(left.fd(), 0, SEEK_CUR) == 6);
  CHECK(read_current(left) == "");
  CHECK(left.bytes({4, 8}) == "3\n4\n");
  CHECK(thrown_by([&] { left.bytes({4, 9}); }).status == ExitStatus::io);
}

TEST_CASE("inputs: what is to be one plain file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv"), empty = directory.file("empty.csv");
  write_file(path, "1\n");
  write_file(empty, "");
  const auto refused = [](std::vector<std::string> operands) {
    Inputs inputs(std::move(operands));
    const Thrown thrown = thrown_by([&] { inputs.require_one_plain_file("--part"); });
    if (thrown == Thrown()) {
      CHECK(inputs.is_plain_file());
      CHECK(inputs.end() == inputs.size());
    } else {
      CHECK(thrown.status == ExitStatus::usage);
      CHECK(thrown.message.starts_with("--part needs one plain file"));
    }
    return !(thrown == Thrown());
  };
  CHECK_FALSE(refused({path}));
  CHECK_FALSE(refused({empty}));
  CHECK(refused({path, path}));
  CHECK(refused({empty, empty}));
  CHECK(refused({"/proc/self/stat"}));
  CHECK(refused({"/dev/null"}));
  const OwnedFd file = open_file(path, O_RDONLY);
  const StandardInput standard_input(file.get());
  CHECK_FALSE(refused({}));
  REQUIRE(::lseek(file.get(), 1, SEEK_SET) == 1);
  CHECK(refused({"-"}));
}

TEST_CASE("inputs: a plain file that was written to is another, wherever that was") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, std::string(1 << 20, '1'));
  const Identity before = Inputs({path}).identity();
  const Identity since_written = Inputs({path}).identity_since_written();
  CHECK(Inputs({path}).identity_since_written() == since_written);
  const OwnedFd file = open_file(path);
  REQUIRE(::pwrite(file.get(), "2", 1, 1 << 19) == 1);
  const timespec times[] = {{0, UTIME_OMIT}, {1, 1}};
  REQUIRE(::futimens(file.get(), times) == 0);
  CHECK(Inputs({path}).identity() == before);
  CHECK_FALSE(Inputs({path}).identity_since_written() == since_written);
}

TEST_CASE("inputs: several, one after another") {
  const TemporaryDirectory directory;
  const std::string one = directory.file("1.csv");
  const std::string none = directory.file("none.csv");
  write_file(one, "1\n");
  write_file(none, "");
  Inputs inputs({one, none, one});
  CHECK_FALSE(inputs.is_plain_file());
  CHECK(inputs.begin() == 0);
  CHECK(inputs.names() == std::vector<std::string>{one, none, one});
  CHECK(read_all(inputs) == "1\n||1\n|");
  CHECK(inputs.index() == 2);
  CHECK(inputs.name() == one);
}

TEST_CASE("inputs: standard input is what no operand, or -, means") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "2\n");
  SUBCASE("a pipe") {
    Pipe pipe;
    REQUIRE(::write(pipe.in.get(), "1\n", 2) == 2);
    pipe.in.close();
    const StandardInput standard_input(pipe.out.get());
    Inputs inputs({});
    CHECK_FALSE(inputs.is_plain_file());
    CHECK(inputs.name() == "standard input");
    CHECK(inputs.fd() == STDIN_FILENO);
    CHECK(read_all(inputs) == "1\n|");
  }
  SUBCASE("among files") {
    Pipe pipe;
    REQUIRE(::write(pipe.in.get(), "1\n", 2) == 2);
    pipe.in.close();
    const StandardInput standard_input(pipe.out.get());
    Inputs inputs({path, "-", path});
    CHECK(inputs.names() == std::vector<std::string>{path, "standard input", path});
    CHECK(read_all(inputs) == "2\n|1\n|2\n|");
  }
  SUBCASE("a plain file, from where its offset is") {
    write_file(path, "12\n345\n");
    const OwnedFd file = open_file(path, O_RDONLY);
    REQUIRE(::lseek(file.get(), 3, SEEK_SET) == 3);
    const StandardInput standard_input(file.get());
    Inputs inputs({"-"});
    CHECK(inputs.is_plain_file());
    CHECK(inputs.begin() == 3);
    CHECK(inputs.identity() == Inputs({path}).identity());
    CHECK(read_current(inputs) == "345\n");
  }
  SUBCASE("a plain file, from beyond its end") {
    const OwnedFd file = open_file(path, O_RDONLY);
    REQUIRE(::lseek(file.get(), 10, SEEK_SET) == 10);
    const StandardInput standard_input(file.get());
    Inputs inputs({"-"});
    CHECK(inputs.begin() == 10);
    CHECK(read_current(inputs) == "");
  }
}

TEST_CASE("inputs: a plain file is taken as it was when it was opened") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1\n2\n");
  SUBCASE("what is appended later is not read") {
    Inputs inputs({path});
    const OwnedFd file = open_file(path, O_WRONLY | O_APPEND);
    REQUIRE(::write(file.get(), "3\n", 2) == 2);
    CHECK(read_current(inputs) == "1\n2\n");
  }
  SUBCASE("what is cut off is missed") {
    Inputs inputs({path});
    REQUIRE(::truncate(path.c_str(), 2) == 0);
    const Thrown thrown = thrown_by([&] { read_current(inputs); });
    CHECK(thrown.status == ExitStatus::io);
    CHECK(thrown.message == path + ": it shrank while it was read");
  }
}

TEST_CASE("inputs: the rest of a plain file can be left to others") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "123\n45\n");
  const OwnedFd file = open_file(path, O_RDONLY);
  REQUIRE(::lseek(file.get(), 2, SEEK_SET) == 2);
  const StandardInput standard_input(file.get());
  const auto offset = [&] { return ::lseek(file.get(), 0, SEEK_CUR); };
  std::array<char, 1> byte;
  SUBCASE("after a part of it") {
    Inputs inputs({});
    REQUIRE(inputs.read_some(byte) == 1);
    CHECK(inputs.skip_rest() == 4);
    CHECK(offset() == 7);
    CHECK(read_current(inputs) == "");
    CHECK(inputs.skip_rest() == 0);
    CHECK_FALSE(inputs.open_next());
  }
  SUBCASE("after all of it") {
    Inputs inputs({});
    CHECK(read_current(inputs) == "3\n45\n");
    CHECK(inputs.skip_rest() == 0);
    CHECK(offset() == 7);
  }
  SUBCASE("from where it was to begin") {
    Inputs inputs({});
    inputs.begin_at(4);
    CHECK(inputs.skip_rest() == 3);
    CHECK(offset() == 7);
  }
  SUBCASE("what is appended later is not skipped, and what is cut off does not matter here") {
    Inputs inputs({});
    write_file(path, "123\n45\n6\n");
    CHECK(inputs.skip_rest() == 5);
    CHECK(offset() == 7);
    std::filesystem::resize_file(path, 1);
    CHECK(read_current(inputs) == "");
  }
}

TEST_CASE("inputs: a file among others that turns out shorter than it was") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  const std::string other = directory.file("other.csv");
  write_file(path, "1\n2\n3\n");
  write_file(other, "4\n");
  Inputs inputs({path, other});
  std::array<char, 4> bytes;
  REQUIRE(inputs.read_some(bytes) == 4);
  REQUIRE(::truncate(path.c_str(), 3) == 0);
  CHECK(thrown_by([&] { inputs.read_some(bytes); }) ==
        Thrown{ExitStatus::io, path + ": it shrank while it was read"});
  // A file that grows is read up to its size when it was opened.
  Inputs growing({other, path});
  write_file(other, "4\n5\n");
  CHECK(read_current(growing) == "4\n5\n");
}

TEST_CASE("inputs: a file of /sys ends before its size, and has not shrunk") {
  const std::string path = "/sys/devices/system/cpu/possible";
  if (!std::filesystem::exists(path)) return;
  REQUIRE(std::filesystem::file_size(path) > contents_of(path).size());
  Inputs alone({path});
  CHECK(read_current(alone) == contents_of(path));
  Inputs two({path, path});
  CHECK(read_all(two) == contents_of(path) + "|" + contents_of(path) + "|");
}

TEST_CASE("inputs: an empty file, and one of /proc that only looks empty, are no plain files") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "");
  Inputs none({path});
  CHECK_FALSE(none.is_plain_file());
  CHECK(read_current(none) == "");

  Inputs virtual_file({"/proc/self/stat"});
  CHECK_FALSE(virtual_file.is_plain_file());
  CHECK_FALSE(read_current(virtual_file, 4096).empty());
}

TEST_CASE("inputs: what cannot be read") {
  const TemporaryDirectory directory;
  const std::string missing = directory.file("missing.csv");
  const std::string path = directory.file("in.csv");
  write_file(path, "1\n");

  Thrown thrown = thrown_by([&] { Inputs({missing}); });
  CHECK(thrown.status == ExitStatus::no_input);
  CHECK(thrown.message == missing + ": No such file or directory");

  Inputs inputs({path, missing});
  read_current(inputs);
  thrown = thrown_by([&] { inputs.open_next(); });
  CHECK(thrown.status == ExitStatus::no_input);
  CHECK(thrown.message == missing + ": No such file or directory");

  // Some file systems let a directory be opened and refuse to read it.
  thrown = thrown_by([&] {
    Inputs of_directory({directory.path().string()});
    read_current(of_directory);
  });
  CHECK(thrown.status == ExitStatus::no_input);
  CHECK(thrown.message == directory.path().string() + ": Is a directory");

  if (::geteuid() != 0) {
    ::chmod(path.c_str(), 0);
    CHECK(thrown_by([&] { Inputs({path}); }).status == ExitStatus::no_input);
  }
}

TEST_CASE("inputs: identity tells files apart by size and by both ends") {
  const TemporaryDirectory directory;
  const auto identity_of = [&](const std::string& bytes) {
    const std::string path = directory.file("in.csv");
    write_file(path, bytes);
    return Inputs({path}).identity();
  };
  const std::string big(300'000, '1');
  const Identity identity = identity_of(big);
  CHECK(identity == identity_of(big));
  CHECK(identity.size == big.size());
  CHECK_FALSE(identity == identity_of(big + "1"));
  std::string other = big;
  other.front() = '2';
  CHECK_FALSE(identity == identity_of(other));
  other = big;
  other.back() = '2';
  CHECK_FALSE(identity == identity_of(other));
  CHECK_FALSE(identity_of("12") == identity_of("21"));
  CHECK(identity_of("12") == identity_of("12"));
}

TEST_CASE("inputs: anything but one plain file has the identity of the run") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1\n");
  const Identity first = Inputs({path, path}).identity();
  CHECK(first.size == 0);
  CHECK_FALSE(first == Inputs({path, path}).identity());
}

}  // namespace rowsum
