// SPDX-License-Identifier: MIT
#include "common/base/terminal.h"

#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "common/base/report.h"
#include "common/io/owned_fd.h"
#include "tests/support/child.h"

using namespace rowsum;

namespace {

/// What a child that has this TERM (nullptr: none) reports on a terminal.
std::string reported_on_terminal(const char* term) {
  int keyboard = -1, terminal = -1;
  REQUIRE(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr) == 0);
  const OwnedFd keyboard_end(keyboard), terminal_end(terminal);
  Child child([&] {
    term ? ::setenv("TERM", term, 1) : ::unsetenv("TERM");
    ::dup2(terminal, STDERR_FILENO);
    set_program_name("p9_test");
    report("a message");
    return 0;
  });
  CHECK(child.wait() == 0);
  std::string bytes(100, '\0');
  bytes.resize(static_cast<size_t>(::read(keyboard, bytes.data(), bytes.size())));
  return bytes;
}

}  // namespace

TEST_CASE("terminal: a report erases a progress bar below the cursor") {
  CHECK(reported_on_terminal("xterm") == "\033[Jp9_test: a message\r\n");
}

TEST_CASE("terminal: without escape sequences") {
  for (const char* const term : {"dumb", "", static_cast<const char*>(nullptr)}) {
    CHECK(reported_on_terminal(term) == "p9_test: a message\r\n");
  }
}
