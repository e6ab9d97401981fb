// SPDX-License-Identifier: MIT
#include "p1_read/hosts.h"

#include <doctest/doctest.h>

#include "tests/support/thrown.h"

using namespace rowsum;

TEST_CASE("hosts: a list") {
  using Hosts = std::vector<Host>;
  CHECK(parse_hosts("a") == Hosts{{"a", 0}});
  CHECK(parse_hosts("a,user@b:8,localhost:4") == Hosts{{"a", 0}, {"user@b", 8}, {"localhost", 4}});
  CHECK(parse_hosts("[fe80::1],user@[::1]:2") == Hosts{{"fe80::1", 0}, {"user@::1", 2}});
  CHECK(parse_hosts("localhost")[0].is_here());
  CHECK_FALSE(parse_hosts("user@localhost")[0].is_here());
}

TEST_CASE("hosts: what is no list") {
  for (const char* text :
       {"", "a,", ",a", "a,,b", "a:", "a:0", "a:x", "a:-1", "a:10001", ":2", "fe80::1", "[::1",
        "::1]", "[::1]2", "[]", "]a[", "-oProxyCommand=x", "a b", "a:1:2"}) {
    CAPTURE(std::string(text));
    CHECK(thrown_by([&] { parse_hosts(text); }).status == ExitStatus::usage);
  }
}

TEST_CASE("hosts: what is started there keeps its words in the shell of the host") {
  const WorkerCommand here{{"/bin/p2_sum", "--command=echo 'a b'"}, "p2_sum", true};
  const std::vector<WorkerCommand> commands =
      commands_on({{"localhost", 1}, {"b", 2}}, here, {"ssh", "-p", "22"});
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].words == here.words);
  CHECK(commands[0].shares_files());
  CHECK(commands[1].words ==
        std::vector<std::string>{"ssh", "-p", "22", "b",
                                 "exec p2_sum '--command=echo '\\''a b'\\'''"});
  CHECK(commands[1].name == "p2_sum on b");
  CHECK_FALSE(commands[1].shares_files());
}
