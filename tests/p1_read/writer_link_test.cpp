// SPDX-License-Identifier: MIT
#include "p1_read/writer_link.h"

#include <doctest/doctest.h>
#include <signal.h>

#include "common/io/read_write.h"
#include "tests/support/pipes.h"

using namespace rowsum;

namespace {

using Heard = std::vector<ControlMessage<NewsOfWriter>>;

/// The end of p1_read; the test acts as p3_write.
struct Ends {
  Pipe pipe;
  WriterLink link{pipe.in.get()};
  OwnedFd control;
  ControlParser<NewsOfReader> parser;

  std::vector<ControlMessage<NewsOfReader>> said() {
    char bytes[1 << 16];
    const ssize_t n = ::read(pipe.out.get(), bytes, sizeof bytes);
    return parser.feed(std::span(bytes, static_cast<size_t>(n)));
  }
  void open_control() {
    link.open();
    const auto first = said();
    REQUIRE(first.size() == 1);
    REQUIRE(first[0].type == NewsOfReader::control);
    const std::string path = "/proc/self/fd/" + std::to_string(first[0].value);
    control = OwnedFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(control.is_open());
  }
  void say(NewsOfWriter type) {
    std::string bytes;
    encode(ControlMessage<NewsOfWriter>{type, 0, 0}, bytes);
    REQUIRE(::write(control.get(), bytes.data(), bytes.size()) == 16);
  }
  Heard heard(int timeout_ms = 10'000) {
    auto fds = link.to_poll();
    poll_fds(fds, timeout_ms);
    return link.polled(fds);
  }
};

}  // namespace

TEST_CASE("writer link: the control is a descriptor that can be opened by its name") {
  Ends ends;
  ends.open_control();
  ends.say(NewsOfWriter::ready);
  CHECK(ends.heard() == Heard{{NewsOfWriter::ready, 0, 0}});
  ends.link.say(NewsOfReader::started, 3, 17);
  CHECK(ends.said() == std::vector<ControlMessage<NewsOfReader>>{{NewsOfReader::started, 3, 17}});
}

TEST_CASE("writer link: p3_write goes, before it has come and after") {
  ::signal(SIGPIPE, SIG_IGN);  // as in the program
  {
    Ends ends;
    ends.pipe.out.close();
    for (int i = 0; i < 3 && ends.link.is_open(); ++i) ends.heard();
    CHECK_FALSE(ends.link.is_open());
    ends.link.say(NewsOfReader::probe, 0);  // is not received, and is no failure
  }
  Ends ends;
  ends.open_control();
  ends.say(NewsOfWriter::ready);
  ends.say(NewsOfWriter::printed);
  ends.control.close();
  CHECK(ends.heard().size() == 2);  // what p3_write said before it went
  CHECK(ends.link.is_open());
  CHECK(ends.heard().empty());
  CHECK_FALSE(ends.link.is_open());
}

TEST_CASE("writer link: what the pipe has no room for waits, and nothing of it is lost") {
  Ends ends;
  constexpr size_t many = 5000;
  for (size_t i = 0; i < many; ++i) ends.link.say(NewsOfReader::probe, i);
  size_t next = 0;
  while (next < many) {
    for (const auto& message : ends.said()) {
      if (message.type == NewsOfReader::probe) CHECK(message.place == next++);
    }
    ends.heard(0);
  }
}
