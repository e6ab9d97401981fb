// SPDX-License-Identifier: MIT
#include "p2_sum/options.h"

#include <cstdlib>

#include "common/base/arguments.h"
#include "common/wire/worker_variable.h"

namespace rowsum {

namespace po = boost::program_options;

std::optional<SumOptions> parse_sum_options(int argc, char** argv) {
  CommandOptions command;
  std::string each_batch, coprocess, lines;

  CommandLine command_line;
  command_line.synopsis = "[OPTION]...";
  command_line.description =
      "Sums the rows of the stream of batches on standard input, for p3_write on standard\n"
      "output. How the rows are written comes with the stream.";
  auto add = command_line.options.add_options();
  add("command", po::value(&each_batch)->value_name("COMMAND"),
      "do not sum: start COMMAND with a shell for each batch; it reads the rows and writes a line "
      "for each");
  add("coprocess", po::value(&coprocess)->value_name("COMMAND"),
      "the same, but COMMAND goes on: before each batch it gets a line \"ROWS BYTES\"");
  add("lines", po::value(&lines)->default_value("rows")->value_name("MODE"),
      "rows: COMMAND writes a line for each row; any: its output is taken as it is");
  add("one-line", po::bool_switch(&command.one_line),
      "give COMMAND each row in one line, with quotes only where they are needed");

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (std::getenv(worker_variable)) hint_at_launcher();
  command.stays = values->count("coprocess") > 0;
  const bool has_command = command.stays || values->count("command") > 0;
  if (command.stays && values->count("command")) {
    throw usage_failure("--command and --coprocess exclude each other");
  }
  command.command = command.stays ? coprocess : each_batch;
  if (has_command && command.command.find_first_not_of(" \t\n") == std::string::npos) {
    throw usage_failure(std::string(command.stays ? "--coprocess" : "--command") +
                        ": an empty command");
  }
  if (lines != "rows" && lines != "any") {
    throw usage_failure("--lines: '" + lines + "' is neither rows nor any");
  }
  command.any_lines = lines == "any";
  if (command.any_lines && command.stays) {
    throw usage_failure("--lines=any and --coprocess exclude each other");
  }
  if (!has_command && (command.any_lines || command.one_line)) {
    throw usage_failure("--lines and --one-line need --command or --coprocess");
  }
  SumOptions options;
  if (has_command) options.command = command;
  return options;
}

}  // namespace rowsum
