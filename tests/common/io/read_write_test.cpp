// SPDX-License-Identifier: MIT
#include "common/io/read_write.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "tests/support/child.h"
#include "tests/support/files.h"
#include "tests/support/interruptions.h"
#include "tests/support/pipes.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

/// Reads everything, at most `step` bytes at a time, with a pause after each read. Exits with 0 if
/// the bytes are the expected ones.
int expect(Pipe& pipe, const std::string& wanted, size_t step) {
  pipe.in.close();
  std::string got;
  std::string bytes(step, '\0');
  ssize_t n = 0;
  while ((n = ::read(pipe.out.get(), bytes.data(), step)) > 0) {
    got.append(bytes, 0, static_cast<size_t>(n));
    sleep_ms(1);
  }
  return got == wanted ? 0 : 1;
}

/// Fills the pipe until nothing more fits.
void fill(const Pipe& pipe) {
  make_nonblocking(pipe.in.get());
  while (::write(pipe.in.get(), "x", 1) == 1) {
  }
}

/// A connection over the loopback interface.
struct Connection {
  OwnedFd client, server;

  Connection() {
    const OwnedFd listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener.get(), at, size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), at, &size) == 0);
    client = OwnedFd(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(client.get(), at, size) == 0);
    server = OwnedFd(::accept(listener.get(), nullptr, nullptr));
  }
};

}  // namespace

TEST_CASE("read_some: what is there, one byte if need be, then the end") {
  Pipe pipe;
  std::array<char, 8> into;
  REQUIRE(::write(pipe.in.get(), "a", 1) == 1);
  CHECK(read_some(pipe.out.get(), into, "pipe") == 1);
  REQUIRE(::write(pipe.in.get(), "bcdefghijk", 10) == 10);
  CHECK(read_some(pipe.out.get(), into, "pipe") == 8);
  CHECK(read_some(pipe.out.get(), std::span(into).first(1), "pipe") == 1);
  CHECK(into[0] == 'j');
  CHECK(read_some(pipe.out.get(), into, "pipe") == 1);
  pipe.in.close();
  CHECK(read_some(pipe.out.get(), into, "pipe") == 0);
  CHECK(read_some(pipe.out.get(), into, "pipe") == 0);
}

TEST_CASE("read_some: goes on after a signal") {
  Pipe pipe;
  const Interruptions interruptions;
  Child writer([&] {
    sleep_ms(30);
    return ::write(pipe.in.get(), "late", 4) == 4 ? 0 : 1;
  });
  std::array<char, 8> into;
  CHECK(read_some(pipe.out.get(), into, "pipe") == 4);
  CHECK(interruptions.count() > 0);
}

TEST_CASE("read_some: waits on a descriptor that somebody left non-blocking") {
  Pipe pipe(O_NONBLOCK);
  const Interruptions interruptions;
  Child writer([&] {
    sleep_ms(30);
    return ::write(pipe.in.get(), "late", 4) == 4 ? 0 : 1;
  });
  std::array<char, 8> into;
  CHECK(read_some(pipe.out.get(), into, "pipe") == 4);
}

TEST_CASE("read_some: failures have the file's name") {
  std::array<char, 8> into;
  const OwnedFd directory(::open("/", O_RDONLY | O_CLOEXEC));
  CHECK(thrown_by([&] { read_some(directory.get(), into, "/"); }) ==
        Thrown{ExitStatus::no_input, "/: Is a directory"});
  const OwnedFd unreadable(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  CHECK(thrown_by([&] { read_some(unreadable.get(), into, "in.csv"); }) ==
        Thrown{ExitStatus::io, "in.csv: Bad file descriptor"});
}

TEST_CASE("read_available: nothing now, something, the end") {
  Pipe pipe(O_NONBLOCK);
  std::array<char, 8> into;
  CHECK(read_available(pipe.out.get(), into, "pipe") == -1);
  REQUIRE(::write(pipe.in.get(), "abc", 3) == 3);
  CHECK(read_available(pipe.out.get(), into, "pipe") == 3);
  CHECK(read_available(pipe.out.get(), into, "pipe") == -1);
  pipe.in.close();
  CHECK(read_available(pipe.out.get(), into, "pipe") == 0);
  CHECK(thrown_by([&] { read_available(-1, into, "pipe"); }).status == ExitStatus::io);
}

TEST_CASE("pread_fully: from an offset, fewer only where the file ends") {
  TemporaryDirectory directory;
  write_file(directory.file("x"), "0123456789");
  const OwnedFd file = open_file(directory.file("x"));
  std::string into(4, '.');
  CHECK(pread_fully(file.get(), into, 3, "x") == 4);
  CHECK(into == "3456");
  CHECK(pread_fully(file.get(), into, 8, "x") == 2);
  CHECK(into == "8956");
  CHECK(pread_fully(file.get(), into, 10, "x") == 0);
  CHECK(pread_fully(file.get(), into, 1000, "x") == 0);
  const Pipe pipe;
  CHECK(thrown_by([&] { pread_fully(pipe.out.get(), into, 0, "pipe"); }) ==
        Thrown{ExitStatus::io, "pipe: Illegal seek"});
}

TEST_CASE("write_all: any number of parts, empty ones too, in order") {
  std::vector<std::string> texts;
  std::string wanted;
  for (size_t i = 0; i < 30; ++i) {
    texts.push_back(i % 3 == 0 ? "" : some_bytes(i));
    wanted += texts.back();
  }
  const std::vector<std::string_view> parts(texts.begin(), texts.end());
  Pipe pipe;
  write_all(pipe.in.get(), parts, "pipe");
  write_all(pipe.in.get(), std::span<const std::string_view>(), "pipe");
  write_all(pipe.in.get(), "", "pipe");
  write_all(pipe.in.get(), "the end", "pipe");
  pipe.in.close();
  CHECK(read_to_end(pipe.out.get()) == wanted + "the end");
}

TEST_CASE("write_all: waits for room on a full non-blocking pipe, and takes short writes") {
  const std::string first = some_bytes(7000), second = some_bytes(1), third = some_bytes(30'001);
  Pipe pipe;
  make_nonblocking(pipe.in.get());
  Child reader([&] { return expect(pipe, first + second + third, 999); });
  const std::string_view parts[] = {first, "", second, third};
  write_all(pipe.in.get(), parts, "pipe");
  pipe.in.close();
  CHECK(reader.wait() == 0);
}

TEST_CASE("write_all: goes on after a signal, in the middle of a write and before it") {
  const std::string text = some_bytes(200'000);
  Pipe pipe;
  Child reader([&] {
    sleep_ms(20);
    return expect(pipe, text + text, 8192);
  });
  pipe.out.close();
  const Interruptions interruptions;
  const std::string_view parts[] = {text, text};
  write_all(pipe.in.get(), parts, "pipe");
  pipe.in.close();
  CHECK(reader.wait() == 0);
  CHECK(interruptions.count() > 0);
}

TEST_CASE("write_all: nobody reads") {
  const IgnoredSigpipe ignored;
  Pipe pipe;
  pipe.out.close();
  CHECK(thrown_by([&] { write_all(pipe.in.get(), "x", "pipe"); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
  CHECK(thrown_by([&] { write_available(pipe.in.get(), "x", "pipe"); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
}

TEST_CASE("write_all: a connection that is reset has no reader") {
  Connection connection;
  const linger reset{1, 0};
  REQUIRE(::setsockopt(connection.server.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
  connection.server.close();
  pollfd client{connection.client.get(), 0, 0};
  REQUIRE(::poll(&client, 1, 20'000) == 1);
  CHECK(thrown_by([&] { write_all(connection.client.get(), "1", "out"); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
}

TEST_CASE("write_all: the reader goes away while it waits for room") {
  const IgnoredSigpipe ignored;
  for (const bool is_blocking : {true, false}) {
    Pipe pipe;
    if (!is_blocking) make_nonblocking(pipe.in.get());
    Child reader([&] {
      sleep_ms(20);
      return 0;
    });
    pipe.out.close();
    CHECK(thrown_by([&] { write_all(pipe.in.get(), some_bytes(100'000), "pipe"); }) ==
          Thrown{ExitStatus::downstream_closed, ""});
  }
}

TEST_CASE("write_all: a full disk, and a descriptor that is none") {
  const OwnedFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  CHECK(thrown_by([&] { write_all(full.get(), "x", "sums.csv"); }) ==
        Thrown{ExitStatus::io, "sums.csv: No space left on device"});
  CHECK(thrown_by([&] { write_all(-1, "x", "sums.csv"); }) ==
        Thrown{ExitStatus::io, "sums.csv: Bad file descriptor"});
}

TEST_CASE("write_available: what fits, then nothing, then again") {
  Pipe pipe(O_NONBLOCK);
  const size_t room = capacity(pipe);
  const std::string text = some_bytes(room + 1000);
  CHECK(write_available(pipe.in.get(), text, "pipe") == room);
  CHECK(write_available(pipe.in.get(), text, "pipe") == 0);
  std::string into(room, '\0');
  CHECK(read_some(pipe.out.get(), into, "pipe") == room);
  CHECK(into == text.substr(0, room));
  CHECK(write_available(pipe.in.get(), "more", "pipe") == 4);
}

TEST_CASE("narrow_pipe: there is room again when all has been read") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const OwnedFd out(ends[0]), in(ends[1]);
  narrow_pipe(in.get());
  std::array<pollfd, 1> fds{{{in.get(), POLLOUT, 0}}};
  CHECK(poll_fds(fds, 0) == 1);
  REQUIRE(::write(in.get(), "ab", 2) == 2);
  CHECK(poll_fds(fds, 0) == 0);
  char byte;
  REQUIRE(::read(out.get(), &byte, 1) == 1);
  CHECK(poll_fds(fds, 0) == 0);
  REQUIRE(::read(out.get(), &byte, 1) == 1);
  CHECK(poll_fds(fds, 0) == 1);
}

TEST_CASE("poll_fds: says how many, and gives up after the time") {
  Pipe quiet, busy;
  REQUIRE(::write(busy.in.get(), "x", 1) == 1);
  pollfd fds[] = {{quiet.out.get(), POLLIN, 0}, {busy.out.get(), POLLIN, 0}, {-1, POLLIN, 0}};
  CHECK(poll_fds(fds) == 1);
  CHECK(fds[1].revents == POLLIN);
  CHECK(poll_fds(std::span(fds).first(1), 1) == 0);
}

TEST_CASE("poll_fds: goes on after a signal") {
  Pipe pipe;
  const Interruptions interruptions;
  Child writer([&] {
    sleep_ms(30);
    return ::write(pipe.in.get(), "x", 1) == 1 ? 0 : 1;
  });
  pollfd wanted{pipe.out.get(), POLLIN, 0};
  CHECK(poll_fds({&wanted, 1}) == 1);
  CHECK(interruptions.count() > 0);
}

TEST_CASE("wait_readable: for data or for the end") {
  Pipe in, out;
  REQUIRE(::write(in.in.get(), "x", 1) == 1);
  wait_readable(in.out.get(), std::array{out.in.get()});
  Pipe ended;
  ended.in.close();
  wait_readable(ended.out.get(), std::array{out.in.get()});
}

TEST_CASE("wait_readable: not when nobody reads what would come of it") {
  Pipe quiet, out;
  out.out.close();
  CHECK(thrown_by([&] { wait_readable(quiet.out.get(), std::array{out.in.get()}); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
  Pipe wanted;
  CHECK(thrown_by([&] {
          wait_readable(quiet.out.get(), std::array{wanted.in.get(), out.in.get()});
        }) == Thrown{ExitStatus::downstream_closed, ""});
  // This holds also if the reader goes while the call waits.
  Pipe later;
  Child reader([] {
    sleep_ms(20);
    return 0;
  });
  later.out.close();
  CHECK(thrown_by([&] { wait_readable(quiet.out.get(), std::array{later.in.get()}); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
}

TEST_CASE("wait_readable: output to a file or to a full pipe is no reason to stop") {
  Pipe in, full;
  REQUIRE(::write(in.in.get(), "x", 1) == 1);
  fill(full);
  wait_readable(in.out.get(), std::array{full.in.get()});
  TemporaryDirectory directory;
  const OwnedFd file = open_file(directory.file("out"));
  wait_readable(in.out.get(), std::array{file.get()});
}

TEST_CASE("is_readable_now: data or the end, and not otherwise") {
  Pipe pipe;
  CHECK_FALSE(is_readable_now(pipe.out.get()));
  REQUIRE(::write(pipe.in.get(), "x", 1) == 1);
  CHECK(is_readable_now(pipe.out.get()));
  char byte = 0;
  REQUIRE(::read(pipe.out.get(), &byte, 1) == 1);
  CHECK_FALSE(is_readable_now(pipe.out.get()));
  pipe.in.close();
  CHECK(is_readable_now(pipe.out.get()));
}
