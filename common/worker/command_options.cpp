// SPDX-License-Identifier: MIT
#include "common/worker/command_options.h"

#include "common/base/arguments.h"

namespace rowsum {

namespace po = boost::program_options;

std::vector<std::string> words_of(const CommandOptions& options) {
  std::vector<std::string> words = {(options.stays ? "--coprocess=" : "--command=") +
                                    options.command};
  if (options.any_lines) words.push_back("--lines=any");
  if (options.one_line) words.push_back("--one-line");
  return words;
}

void CommandArguments::add_to(po::options_description& options) {
  auto add = options.add_options();
  add("command", po::value(&each_batch_)->value_name("COMMAND"),
      "do not sum: start COMMAND with a shell for each batch; it reads the rows and writes a line "
      "for each");
  add("coprocess", po::value(&coprocess_)->value_name("COMMAND"),
      "the same, but COMMAND goes on: before each batch it gets a line \"ROWS BYTES\"");
  add("lines", po::value(&lines_)->default_value("rows")->value_name("MODE"),
      "rows: COMMAND writes a line for each row; any: its output is taken as it is");
  add("one-line", po::bool_switch(&one_line_),
      "give COMMAND each row in one line, with quotes only where they are needed");
}

std::optional<CommandOptions> CommandArguments::parse(const po::variables_map& values) const {
  CommandOptions options;
  options.stays = values.count("coprocess") > 0;
  const bool has_command = options.stays || values.count("command") > 0;
  if (options.stays && values.count("command")) {
    throw usage_failure("--command and --coprocess exclude each other");
  }
  options.command = options.stays ? coprocess_ : each_batch_;
  if (has_command && options.command.find_first_not_of(" \t\n") == std::string::npos) {
    throw usage_failure(std::string(options.stays ? "--coprocess" : "--command") +
                        ": an empty command");
  }
  if (lines_ != "rows" && lines_ != "any") {
    throw usage_failure("--lines: '" + lines_ + "' is neither rows nor any");
  }
  options.any_lines = lines_ == "any";
  options.one_line = one_line_;
  if (options.any_lines && options.stays) {
    throw usage_failure("--lines=any and --coprocess exclude each other");
  }
  if (!has_command && (options.any_lines || options.one_line)) {
    throw usage_failure("--lines and --one-line need --command or --coprocess");
  }
  return has_command ? std::optional(options) : std::nullopt;
}

}  // namespace rowsum
