// SPDX-License-Identifier: MIT
#include "common/base/arguments.h"

#include <doctest/doctest.h>

#include <vector>

#include "common/base/program.h"
#include "tests/support/child.h"
#include "tests/support/thrown.h"
#include "tests/support/words.h"

using namespace rowsum;

namespace {

std::optional<boost::program_options::variables_map> parse(const std::vector<std::string>& words,
                                                           bool takes_operands = false) {
  CommandLine command_line;
  command_line.synopsis = "[OPTION]...";
  command_line.description = "Tests.";
  auto add = command_line.options.add_options();
  add("number,n", boost::program_options::value<int>(), "a number");
  add("switch", boost::program_options::bool_switch(), "a switch");
  add("name", boost::program_options::value<std::vector<std::string>>()->composing(), "a name");
  add("mode", boost::program_options::value<std::string>()->implicit_value("bare"), "a mode");
  command_line.values_if_bare = {{"mode", "bare"}};
  command_line.takes_operands = takes_operands;
  Words given(words);
  return parse_arguments(given.argc(), given.argv(), std::move(command_line));
}

/// How a program ends with this command line.
Outcome run(const std::vector<std::string>& words, const char* output = nullptr) {
  return run_in_child([&] {
    if (output) ::dup2(::open(output, O_WRONLY), STDOUT_FILENO);
    return run_program("p9_test", [&] {
      parse(words);
      return ExitStatus::complete;
    });
  });
}

}  // namespace

TEST_CASE("sizes: bytes, and powers of 1024") {
  CHECK(parse_size("size", "1") == 1);
  CHECK(parse_size("size", "4096") == 4096);
  CHECK(parse_size("size", "256K") == 256 << 10);
  CHECK(parse_size("size", "256k") == 256 << 10);
  CHECK(parse_size("size", "256KiB") == 256 << 10);
  CHECK(parse_size("size", "16M") == 16 << 20);
  CHECK(parse_size("size", "16MiB") == 16 << 20);
  CHECK(parse_size("size", "3G") == uint64_t{3} << 30);
  CHECK(parse_size("size", "3GiB") == uint64_t{3} << 30);
}

TEST_CASE("sizes: up to 2^40") {
  CHECK(parse_size("size", "1099511627776") == uint64_t{1} << 40);
  CHECK(parse_size("size", "1024G") == uint64_t{1} << 40);
}

TEST_CASE("sizes: what is none") {
  for (const char* text :
       {"", "0", "0K", "K", "-1", "+1", " 1", "1 ", "1.5M", "0x10", "16MB", "16m", "1T", "ten",
        "1099511627777", "1025G", "18446744073709551616", "99999999999999999999G"}) {
    CAPTURE(text);
    const Thrown thrown = thrown_by([&] { parse_size("batch-size", text); });
    CHECK(thrown.status == ExitStatus::usage);
    CHECK(thrown.message.starts_with("--batch-size: '" + std::string(text) + "' is not a size"));
  }
}

TEST_CASE("counts") {
  CHECK(parse_count("retries", "0", 7) == 0);
  CHECK(parse_count("retries", "7", 7) == 7);
  for (const char* text : {"", "8", "-1", "+1", " 1", "1 ", "1.5", "0x1", "one", "4294967297"}) {
    CAPTURE(text);
    const Thrown thrown = thrown_by([&] { parse_count("retries", text, 7); });
    CHECK(thrown.status == ExitStatus::usage);
    CHECK(thrown.message.starts_with("--retries: '" + std::string(text) +
                                     "' is not a number from 0 to 7"));
  }
}

TEST_CASE("arguments: options and operands") {
  CHECK((*parse({"-n", "3"}))["number"].as<int>() == 3);
  CHECK((*parse({"--number=4"}))["number"].as<int>() == 4);
  CHECK(parse({})->count("number") == 0);
  const auto values = *parse({"a", "-", "-n3", "--", "-n"}, true);
  CHECK(values["operand"].as<std::vector<std::string>>() ==
        std::vector<std::string>{"a", "-", "-n"});
  CHECK(values["number"].as<int>() == 3);
}

TEST_CASE("arguments: the last of several values counts, or all of an option that is composing") {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"-n1", "--number", "2", "-n", "3"},
                                             {"--number=1", "--num=2", "-n3"},
                                             {"-n", "many", "--number=3"}}) {
    CAPTURE(words[0]);
    CHECK((*parse(words))["number"].as<int>() == 3);
  }
  CHECK((*parse({"--switch", "--switch"}))["switch"].as<bool>());
  const auto values = *parse({"--name=a", "x", "-n1", "--name=b", "x", "-n3", "--name=a"}, true);
  CHECK(values["number"].as<int>() == 3);
  CHECK(values["name"].as<std::vector<std::string>>() == std::vector<std::string>{"a", "b", "a"});
  CHECK(values["operand"].as<std::vector<std::string>>() == std::vector<std::string>{"x", "x"});
  CHECK(run({"--number=3", "--number=many"}).status == 64);
}

TEST_CASE("arguments: an option without its value does not take the next word for it") {
  const auto values = *parse({"--mode", "in.csv", "-n", "3"}, true);
  CHECK(values["mode"].as<std::string>() == "bare");
  CHECK(values["operand"].as<std::vector<std::string>>() == std::vector<std::string>{"in.csv"});
  CHECK(values["number"].as<int>() == 3);
  CHECK((*parse({"--mode"}))["mode"].as<std::string>() == "bare");
  CHECK((*parse({"--mode=other"}))["mode"].as<std::string>() == "other");
  CHECK((*parse({"--mode=other", "--mode"}))["mode"].as<std::string>() == "bare");
  CHECK((*parse({"--mode", "--mode=other"}))["mode"].as<std::string>() == "other");
  CHECK(parse({})->count("mode") == 0);
  CHECK(run({"--mode", "other"}).errors.starts_with("p9_test: it takes no operand"));
}

TEST_CASE("arguments: what is wrong is said in one line that points to --help") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--no-such-option"}, {"-x"}, {"--number"}, {"--number=many"}, {"operand"}}) {
    CAPTURE(words[0]);
    const Outcome outcome = run(words);
    CHECK(outcome.status == 64);
    CHECK(outcome.output.empty());
    CHECK(outcome.errors.starts_with("p9_test: "));
    CHECK(outcome.errors.ends_with("; try 'p9_test --help'\n"));
    CHECK(outcome.errors.find('\n') == outcome.errors.size() - 1);
  }
  CHECK(run({"operand"}).errors == "p9_test: it takes no operand; try 'p9_test --help'\n");
}

TEST_CASE("arguments: an option that may have been meant is named") {
  const std::string line = "p9_test: unrecognised option '--nmber'; did you mean --number?\n";
  for (const char* word : {"--nmber", "--nmber=3"}) CHECK(run({word}).errors == line);
  CHECK(run({"--verson"}).errors ==
        "p9_test: unrecognised option '--verson'; did you mean --version?\n");
  CHECK(run({"--nmber"}).status == 64);
}

TEST_CASE("arguments: the launcher is named where it has been called") {
  CHECK(std::string(usage_failure("it is wrong").what()).ends_with(" --help'"));
  hint_at_launcher();
  CHECK(std::string(usage_failure("it is wrong").what()) ==
        "it is wrong; try 'run_pipeline.sh --help'");
  parse({});
  CHECK(std::string(usage_failure("it is wrong").what()).find("run_pipeline.sh") ==
        std::string::npos);
}

TEST_CASE("arguments: --help and --version are output") {
  const Outcome help = run({"--help"});
  CHECK(help.status == 0);
  CHECK(help.errors.empty());
  CHECK(help.output.starts_with("Usage: p9_test [OPTION]...\nTests.\n\nOptions:\n"));
  for (const char* option : {"-n [ --number ]", "-h [ --help ]", "--version"}) {
    CHECK(help.output.find(option) != std::string::npos);
  }
  const Outcome version = run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.output.starts_with("p9_test (row sums) "));
}

TEST_CASE("arguments: --help on a full disk, and with nobody to read it") {
  const Outcome full = run({"--help"}, "/dev/full");
  CHECK(full.status == 74);
  CHECK(full.errors == "p9_test: standard output: No space left on device\n");

  Pipe closed;
  closed.out.close();
  const Outcome unread = run_in_child([&] {
    ::dup2(closed.in.get(), STDOUT_FILENO);
    return run_program("p9_test", [] {
      parse({"--help"});
      return ExitStatus::complete;
    });
  });
  CHECK(unread.status == 141);
  CHECK(unread.errors.empty());
}
