// SPDX-License-Identifier: MIT
#include "p2_sum/options.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/thrown.h"
#include "tests/support/words.h"

namespace rowsum {

namespace {

SumOptions parse(const std::vector<std::string>& words) {
  Words given(words);
  return *parse_sum_options(given.argc(), given.argv());
}

/// What is wrong with these words, without the hint at --help.
std::string refusal_of(const std::vector<std::string>& words) {
  const Thrown thrown = thrown_by([&] { parse(words); });
  CHECK(thrown.status == ExitStatus::usage);
  return thrown.message.substr(0, thrown.message.find("; try '"));
}

}  // namespace

TEST_CASE("options of p2_sum: it sums unless there is a command") {
  CHECK_FALSE(parse({}).command);
  CHECK_FALSE(parse({"--lines=rows"}).command);
}

TEST_CASE("options of p2_sum: a command") {
  const std::string text = " a 'b c' | d\n";  // a shell takes it apart
  const CommandOptions each = *parse({"--command", text}).command;
  CHECK(each.command == text);
  CHECK_FALSE(each.stays);
  CHECK_FALSE(each.any_lines);
  CHECK_FALSE(each.one_line);
  const CommandOptions any = *parse({"--lines=any", "--one-line", "--command=x"}).command;
  CHECK(any.command == "x");
  CHECK_FALSE(any.stays);
  CHECK(any.any_lines);
  CHECK(any.one_line);
  const CommandOptions coprocess = *parse({"--coprocess", text, "--one-line"}).command;
  CHECK(coprocess.command == text);
  CHECK(coprocess.stays);
  CHECK_FALSE(coprocess.any_lines);
  CHECK(coprocess.one_line);
}

TEST_CASE("options of p2_sum: what is refused") {
  CHECK(refusal_of({"in.csv"}) == "it takes no operand");
  CHECK(refusal_of({"--command=x", "--coprocess=x"}) ==
        "--command and --coprocess exclude each other");
  for (const std::string nothing : {"", " ", "\t\n "}) {
    CHECK(refusal_of({"--command", nothing}) == "--command: an empty command");
    CHECK(refusal_of({"--coprocess", nothing}) == "--coprocess: an empty command");
  }
  CHECK(refusal_of({"--command=x", "--lines=all"}) == "--lines: 'all' is neither rows nor any");
  CHECK(refusal_of({"--coprocess=x", "--lines=any"}) ==
        "--lines=any and --coprocess exclude each other");
  for (const std::string option : {"--lines=any", "--one-line"}) {
    CHECK(refusal_of({option}) == "--lines and --one-line need --command or --coprocess");
  }
}

}  // namespace rowsum
