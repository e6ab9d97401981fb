// SPDX-License-Identifier: MIT
#include "common/base/report.h"

#include <doctest/doctest.h>
#include <limits.h>

#include <algorithm>
#include <string>

#include "tests/support/child.h"

using namespace rowsum;

TEST_CASE("report: one line after the program's name, in one write") {
  // A packet pipe keeps the writes apart.
  Pipe errors(O_DIRECT);
  Child child([&] {
    ::dup2(errors.in.get(), STDERR_FILENO);
    set_program_name("p9_test");
    report("in.csv: no such thing");
    report("a\nb\x1b[31m\x7f.csv \xc3\xa9");
    report(std::string(2 * PIPE_BUF, '\n'));
    return 0;
  });
  errors.in.close();
  const auto packet = [&] {
    std::string bytes(PIPE_BUF, '\0');
    bytes.resize(static_cast<size_t>(::read(errors.out.get(), bytes.data(), bytes.size())));
    return bytes;
  };
  CHECK(packet() == "p9_test: in.csv: no such thing\n");
  // Names of files may hold any byte, and a report is always one line.
  CHECK(packet() == "p9_test: a\\nb\\x1b[31m\\x7f.csv \xc3\xa9\n");
  const std::string longest = packet();
  CHECK(longest.size() > PIPE_BUF - 8);
  CHECK(std::count(longest.begin(), longest.end(), '\n') == 1);
  CHECK(child.wait() == 0);
}

TEST_CASE("report: no standard error is no failure") {
  CHECK(run_in_child([] {
          ::close(STDERR_FILENO);
          report("who hears this?");
          return 0;
        }).status == 0);
}

TEST_CASE("printable: what a terminal or a log takes badly") {
  CHECK(printable("12 apples") == "12 apples");
  CHECK(printable("") == "");
  CHECK(printable("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(printable(std::string_view("\0\x1b[2J\x7f", 6)) == "\\x00\\x1b[2J\\x7f");
  CHECK(printable("caf\xc3\xa9") == "caf\\xc3\\xa9");
  CHECK(printable("\xff") == "\\xff");
}

TEST_CASE("printable: cut by bytes of input") {
  CHECK(printable("12345", 5) == "12345");
  CHECK(printable("123456", 5) == "12345...");
  CHECK(printable("\n\n\n", 2) == "\\n\\n...");
  CHECK(printable(std::string(40, 'x')) == std::string(40, 'x'));
  CHECK(printable(std::string(41, 'x')) == std::string(40, 'x') + "...");
}
