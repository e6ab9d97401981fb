// SPDX-License-Identifier: MIT
#include "common/io/output.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "tests/support/child.h"
#include "tests/support/files.h"
#include "tests/support/interruptions.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

namespace fs = std::filesystem;

size_t files_in(const TemporaryDirectory& directory) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()));
}

mode_t mode_of(const std::string& path) {
  struct stat status;
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("output: a file appears when it is complete") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  Output output(path);
  output.write("0,1\n");
  output.write("");
  output.write("1,2\n");
  CHECK_FALSE(fs::exists(path));
  output.commit();
  CHECK(contents_of(path) == "0,1\n1,2\n");
  CHECK(files_in(directory) == 1);
}

TEST_CASE("output: a new file has the mode that the umask leaves") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  const mode_t before = ::umask(027);
  Output output(path);
  ::umask(before);
  output.commit();
  CHECK(mode_of(path) == 0640);
  CHECK(contents_of(path) == "");
}

TEST_CASE("output: what had the name stays until then") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  write_file(path, "old\n");
  Output output(path);
  output.write("new\n");
  CHECK(contents_of(path) == "old\n");
  const OwnedFd reader = open_file(path, O_RDONLY);
  output.commit();
  CHECK(contents_of(path) == "new\n");
  // A process that was reading the old file can read it to its end.
  CHECK(read_to_end(reader.get()) == "old\n");
  CHECK(files_in(directory) == 1);
}

TEST_CASE("output: nothing is left when it is dropped") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  SUBCASE("and there was nothing") {
    { Output(path).write("0,1\n"); }
    CHECK(files_in(directory) == 0);
  }
  SUBCASE("and what was there stays") {
    write_file(path, "old\n");
    { Output(path).write("0,1\n"); }
    CHECK(contents_of(path) == "old\n");
    CHECK(files_in(directory) == 1);
  }
}

TEST_CASE("output: permissions are kept") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  for (const mode_t mode : {0600u, 0664u, 0444u, 0755u}) {
    write_file(path, "old\n");
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    Output output(path);
    output.write("new\n");
    output.commit();
    CHECK(mode_of(path) == mode);
    CHECK(contents_of(path) == "new\n");
    fs::remove(path);
  }
}

TEST_CASE("output: a symbolic link keeps pointing at what is replaced") {
  const TemporaryDirectory directory;
  const std::string link = directory.file("link.csv");
  const std::string middle = directory.file("middle.csv");
  fs::create_directory(directory.path() / "else");
  const std::string target = directory.file("else/sums.csv");
  SUBCASE("a file") {
    write_file(target, "old\n");
    fs::create_symlink("else/sums.csv", link);
  }
  SUBCASE("a file, through another link") {
    write_file(target, "old\n");
    fs::create_symlink("else/sums.csv", middle);
    fs::create_symlink("middle.csv", link);
  }
  SUBCASE("what is not there yet, through another link") {
    fs::create_symlink("else/sums.csv", middle);
    fs::create_symlink("middle.csv", link);
  }
  const bool has_middle = fs::is_symlink(middle);
  const fs::path pointed_at = fs::read_symlink(link);
  Output output(link);
  output.write("new\n");
  output.commit();
  CHECK(fs::read_symlink(link) == pointed_at);
  CHECK(fs::is_symlink(middle) == has_middle);
  CHECK_FALSE(fs::is_symlink(target));
  CHECK(contents_of(target) == "new\n");
  CHECK(files_in(directory) <= 3);
}

TEST_CASE("output: links that lead nowhere at all") {
  const TemporaryDirectory directory;
  const std::string link = directory.file("link.csv");
  fs::create_symlink("link.csv", link);
  const Thrown thrown = thrown_by([&] { Output output(link); });
  CHECK(thrown.status == ExitStatus::cannot_create);
  CHECK(thrown.message == link + ": Too many levels of symbolic links");
  CHECK(fs::is_symlink(link));
  fs::remove(link);
  fs::create_symlink("no/sums.csv", link);
  CHECK(thrown_by([&] { Output output(link); }) ==
        Thrown{ExitStatus::cannot_create, link + ": No such file or directory"});
  CHECK(fs::is_symlink(link));
}

TEST_CASE("output: names of one file resolve to one") {
  const TemporaryDirectory directory;
  const std::string file = fs::canonical(directory.path()) / "sums.csv";
  fs::create_directory(directory.path() / "else");
  fs::create_symlink("../sums.csv", directory.file("else/link.csv"));
  for (const bool exists : {false, true}) {
    if (exists) write_file(file, "1\n");
    CHECK(resolved_path(file) == file);
    CHECK(resolved_path(directory.file("else/../sums.csv")) == file);
    CHECK(resolved_path(directory.file("else/link.csv")) == file);
  }
  CHECK(resolved_path(directory.file("no/sums.csv")) == directory.file("no/sums.csv"));
}

TEST_CASE("output: a name without a directory") {
  const TemporaryDirectory directory;
  const fs::path before = fs::current_path();
  fs::current_path(directory.path());
  Output output("sums.csv");
  output.write("0,1\n");
  output.commit();
  fs::current_path(before);
  CHECK(contents_of(directory.file("sums.csv")) == "0,1\n");
}

TEST_CASE("output: moved, it still has its file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  Output first(path);
  first.write("0,1\n");
  Output second(std::move(first));
  second.write("1,2\n");
  second.commit();
  CHECK(contents_of(path) == "0,1\n1,2\n");
}

TEST_CASE("output: a FIFO is written directly") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const OwnedFd reader = open_file(path, O_RDONLY | O_NONBLOCK);
  std::string bytes(10, '\0');
  {
    Output output(path);
    output.write("0,1\n");
    REQUIRE(::read(reader.get(), bytes.data(), bytes.size()) == 4);
    CHECK(bytes.substr(0, 4) == "0,1\n");
    output.write("1,2\n");
    output.commit();
  }
  CHECK(read_to_end(reader.get()) == "1,2\n");
  CHECK(fs::is_fifo(path));
  CHECK(files_in(directory) == 1);
}

TEST_CASE("output: a FIFO that nobody reads any more") {
  const IgnoredSigpipe ignored;
  const TemporaryDirectory directory;
  const std::string path = directory.file("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  OwnedFd reader = open_file(path, O_RDONLY | O_NONBLOCK);
  Output output(path);
  reader.close();
  const Thrown thrown = thrown_by([&] { output.write("0,1\n"); });
  CHECK(thrown.status == ExitStatus::downstream_closed);
  CHECK(thrown.message == "");
}

TEST_CASE("output: devices are written directly") {
  Output null("/dev/null");
  null.write("0,1\n");
  null.commit();
  CHECK(fs::is_character_file("/dev/null"));

  Output full("/dev/full");
  const Thrown thrown = thrown_by([&] { full.write("0,1\n"); });
  CHECK(thrown.status == ExitStatus::io);
  CHECK(thrown.message == "/dev/full: No space left on device");
}

TEST_CASE("output: what cannot be created") {
  const TemporaryDirectory directory;
  const auto refused = [](const std::string& path) {
    const Thrown thrown = thrown_by([&] { Output output(path); });
    CHECK(thrown.status == ExitStatus::cannot_create);
    return thrown.message.substr(path.size());
  };
  CHECK(refused(directory.file("missing/sums.csv")) == ": No such file or directory");
  CHECK(refused(directory.path().string()) == ": Is a directory");
  write_file(directory.file("file"), "");
  CHECK(refused(directory.file("file/sums.csv")) == ": Not a directory");
  if (::geteuid() != 0) {
    ::chmod(directory.path().c_str(), 0500);
    CHECK(refused(directory.file("sums.csv")) == ": Permission denied");
    ::chmod(directory.path().c_str(), 0700);
  }
}

TEST_CASE("output: a directory that goes meanwhile") {
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "gone");
  const std::string path = directory.file("gone/sums.csv");
  Output output(path);
  output.write("0,1\n");
  fs::remove_all(directory.path() / "gone");
  const Thrown thrown = thrown_by([&] { output.commit(); });
  CHECK(thrown.status == ExitStatus::cannot_create);
  CHECK(thrown.message == path + ": No such file or directory");
}

TEST_CASE("replace_file: the whole of it, and nothing beside it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("journal");
  write_file(path + ".new", "of one that was killed in the act\n");
  for (const std::string bytes : {"first\n", "2\n", ""}) {
    replace_file(path, bytes, "journal");
    CHECK(contents_of(path) == bytes);
    CHECK(files_in(directory) == 1);
  }
}

TEST_CASE("replace_file: what cannot be replaced stays, and nothing beside it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("journal");
  fs::create_directory(path);
  CHECK(thrown_by([&] { replace_file(path, "new\n", "journal"); }) ==
        Thrown{ExitStatus::cannot_create, "journal: Is a directory"});
  CHECK(fs::is_directory(path));
  CHECK(files_in(directory) == 1);
}

TEST_CASE("replace_file: a signal in the midst of it leaves nothing beside it") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("journal");
  write_file(path, "old\n");
  // A reader that takes only the beginning, so that replace_file() is still writing.
  REQUIRE(::mkfifo((path + ".new").c_str(), 0600) == 0);
  const OwnedFd slow = open_file(path + ".new", O_RDWR);
  const std::string bytes = some_bytes(2 << 20);
  Child writer([&] {
    replace_file(path, bytes, "journal");
    return 0;
  });
  char begun;
  REQUIRE(::read(slow.get(), &begun, 1) == 1);
  writer.kill(SIGTERM);
  CHECK(writer.wait() == 128 + SIGTERM);
  CHECK(contents_of(path) == "old\n");
  CHECK(files_in(directory) == 1);
}

TEST_CASE("replace_file: what it cannot open is not its to remove") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("journal");
  fs::create_symlink("elsewhere", path + ".new");
  CHECK(thrown_by([&] { replace_file(path, "new\n", "journal"); }).status ==
        ExitStatus::cannot_create);
  CHECK(fs::is_symlink(path + ".new"));
  CHECK(files_in(directory) == 1);
}

TEST_CASE("replace_file: an ignored signal stays ignored, at every moment") {
  const TemporaryDirectory directory;
  Child writer([&] {
    // A signal that is ignored and blocked stays pending until its action is set again (Linux).
    sigset_t hangup, waiting;
    ::sigemptyset(&hangup);
    ::sigaddset(&hangup, SIGHUP);
    ::signal(SIGHUP, SIG_IGN);
    ::sigprocmask(SIG_BLOCK, &hangup, nullptr);
    ::raise(SIGHUP);
    replace_file(directory.file("journal"), "new\n", "journal");
    ::sigpending(&waiting);
    return ::sigismember(&waiting, SIGHUP);
  });
  CHECK(writer.wait() == 1);
}

TEST_CASE("output: - is standard output, and no file of that name") {
  const TemporaryDirectory directory;
  Pipe pipe;
  Child writer([&] {
    fs::current_path(directory.path());
    ::dup2(pipe.in.get(), STDOUT_FILENO);
    Output output("-");
    output.write("0,1\n");
    output.commit();
    return 0;
  });
  CHECK(writer.wait() == 0);
  pipe.in.close();
  CHECK(read_to_end(pipe.out.get()) == "0,1\n");
  CHECK(files_in(directory) == 0);
  CHECK(thrown_by([] { Output::partial("-"); }) ==
        Thrown{ExitStatus::usage, "standard output: no plain file, as --resume needs"});
}

}  // namespace rowsum
