// SPDX-License-Identifier: MIT
#include "p3_write/reader_link.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "common/wire/stream_writer.h"
#include "tests/support/child.h"
#include "tests/support/pipes.h"
#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

/// What hear() throws if p1_read runs this, with the link as its standard output, and ends.
template <typename Body>
Thrown last_heard_of(Body reader) {
  Pipe link;
  const pid_t pid = ::fork();
  if (pid == 0) {
    link.out.close();
    ::_exit(reader(link.in.get()));
  }
  link.in.close();
  return thrown_by([&] {
    ReaderLink reader_link({pid, std::move(link.out)});
    while (true) {
      pollfd wanted{reader_link.fd(), POLLIN, 0};
      if (::poll(&wanted, 1, 10'000) != 1) throw std::runtime_error("nothing comes");
      reader_link.hear();
    }
  });
}

}  // namespace

TEST_CASE("reader link: how p1_read has gone") {
  CHECK(last_heard_of([](int) { return 66; }) == Thrown{ExitStatus::no_input, ""});
  CHECK(last_heard_of([](int) { return ::raise(SIGKILL); }) ==
        Thrown{ExitStatus::neighbour_vanished, "p1_read was killed by signal 9 (KILL)"});
  CHECK(last_heard_of([](int) { return 0; }) ==
        Thrown{ExitStatus::neighbour_vanished, "p1_read ended before its time"});
}

TEST_CASE("reader link: a p1_read that fails before it knows of workers ends a stream") {
  CHECK(last_heard_of([](int link) {
          StreamWriter(link, "link").fail(ExitStatus::usage, Content::batches);
          return 0;
        }) == Thrown{ExitStatus::usage, ""});
}

TEST_CASE("reader link: all that has been said is heard at once, and before the end") {
  std::string bytes;
  constexpr uint32_t many = 1000;  // more than one read(2) takes
  for (uint32_t i = 0; i < many; ++i) {
    encode(ControlMessage<NewsOfReader>{NewsOfReader::probe, i, 0}, bytes);
  }
  // A socket, because a pipe may not have room for so much.
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  REQUIRE(::write(ends[0], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::close(ends[0]);
  ReaderLink reader_link({0, OwnedFd(ends[1])});
  CHECK(reader_link.hear().size() == many);
  CHECK(thrown_by([&] { reader_link.hear(); }).status == ExitStatus::neighbour_vanished);
}

TEST_CASE("reader link: it waits for the end of p1_read, which sees that it has gone") {
  Pipe link, control;
  const pid_t pid = ::fork();
  if (pid == 0) {
    link.out.close();
    control.in.close();
    pollfd wanted{link.in.get(), 0, 0};
    ::_exit(::poll(&wanted, 1, 10'000) == 1 && (wanted.revents & POLLERR) ? 0 : 1);
  }
  control.out.close();
  { const ReaderLink reader_link({pid, std::move(link.out)}); }
  CHECK(::kill(pid, 0) < 0);
}

TEST_CASE("reader link: p1_read is started with the standard input, and this process keeps none") {
  const Outcome outcome = run_in_child([] {
    Pipe input;
    ::dup2(input.out.get(), STDIN_FILENO);
    input.out.close();
    StartedReader reader = start_reader({"/bin/sh", "-c", "read line; echo \"$line\""});
    ::dprintf(input.in.get(), "a line\n");
    std::array<char, 16> bytes;
    const ssize_t n = ::read(reader.link.get(), bytes.data(), bytes.size());
    const Fate fate = wait_for(reader.pid);
    // The pipe has no reader any more.
    ::signal(SIGPIPE, SIG_IGN);
    const bool is_closed = ::write(input.in.get(), "x", 1) < 0 && errno == EPIPE;
    return std::string_view(bytes.data(), n > 0 ? static_cast<size_t>(n) : 0) == "a line\n" &&
                   !fate.was_killed && fate.code == 0 && is_closed
               ? 0
               : 1;
  });
  CHECK(outcome.status == 0);
  CHECK(thrown_by([] { start_reader({"/no/such/program"}); }) ==
        Thrown{ExitStatus::system, "cannot start /no/such/program: No such file or directory"});
}
