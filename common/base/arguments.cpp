// SPDX-License-Identifier: MIT
#include "common/base/arguments.h"

#include <charconv>
#include <cstdio>
#include <set>
#include <sstream>
#include <vector>

#include "common/base/report.h"
#include "common/base/spelling.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

bool is_called_by_launcher = false;

/// Prints the answer to --help or --version. Like for any other output, a full disk is reported.
void print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw Failure::silent(ExitStatus::downstream_closed);
  throw Failure::from_errno(ExitStatus::io, "standard output");
}

/// A Failure(usage) for an option that there is not. If its name is near that of one in `known`,
/// the message has that.
Failure unknown_option(const po::unknown_option& error, const po::options_description& known) {
  const std::string given = error.get_option_name();  // as it was given, with its value
  const std::string option = given.substr(0, given.find('='));
  const std::string what = "unrecognised option '" + option + "'";
  std::vector<std::string> names;
  for (const auto& other : known.options()) names.push_back(other->long_name());
  const auto meant = option.starts_with("--") ? nearest(option.substr(2), names) : std::nullopt;
  if (!meant) return usage_failure(what);
  return Failure(ExitStatus::usage, what + "; did you mean --" + *meant + "?");
}

/// A Failure(usage) for an option with a value that it does not take, or without one.
Failure wrong_syntax(const po::invalid_command_line_syntax& error) {
  const std::string option = "option '" + error.get_option_name() + "' ";
  switch (error.kind()) {
    case po::invalid_syntax::missing_parameter:
    case po::invalid_syntax::empty_adjacent_parameter:
      return usage_failure(option + "needs a value");
    case po::invalid_syntax::extra_parameter:
      return usage_failure(option + "takes no value");
    default:
      return usage_failure(error.what());
  }
}

/// Leaves only the last one of an option that is given several times, but all of one that is
/// composing().
void drop_overridden(std::vector<po::option>& given, const po::options_description& known) {
  std::set<std::string> later;
  for (auto option = given.end(); option != given.begin();) {
    --option;
    const std::string& name = option->string_key;
    const bool keeps_all = known.find(name, false).semantic()->is_composing();
    if (!keeps_all && !later.insert(name).second) option = given.erase(option);
  }
}

}  // namespace

std::optional<po::variables_map> parse_arguments(int argc, char** argv, CommandLine command_line) {
  is_called_by_launcher = false;
  const std::string program(program_name());
  po::options_description visible("Options");
  visible.add(command_line.options);
  visible.add_options()                       //
      ("help,h", "print this help and exit")  //
      ("version", "print the version and exit");
  po::options_description all;
  po::positional_options_description operands;
  all.add(visible);
  if (command_line.takes_operands) {
    all.add_options()("operand", po::value<std::vector<std::string>>()->composing());
    operands.add("operand", -1);
  }

  const auto find_bare = [&](const std::string& argument) {
    std::pair<std::string, std::string> option;
    for (const auto& [name, value] : command_line.values_if_bare) {
      if (argument == "--" + name) option = {name, value};
    }
    return option;
  };
  po::variables_map values;
  try {
    po::command_line_parser parser(argc, argv);
    po::parsed_options parsed =
        parser.options(all).positional(operands).extra_parser(find_bare).run();
    drop_overridden(parsed.options, all);
    po::store(parsed, values);
    po::notify(values);
  } catch (const po::too_many_positional_options_error&) {
    throw usage_failure("it takes no operand");
  } catch (const po::unknown_option& error) {
    throw unknown_option(error, visible);
  } catch (const po::invalid_command_line_syntax& error) {
    throw wrong_syntax(error);
  } catch (const po::error& error) {
    throw usage_failure(error.what());
  }
  if (values.count("help")) {
    std::ostringstream help;
    help << "Usage: " << program << " " << command_line.synopsis << "\n"
         << command_line.description << "\n\n"
         << visible;
    print(help.str());
    return std::nullopt;
  }
  if (values.count("version")) {
    print(program + " (row sums) " ROWSUM_VERSION "\n");
    return std::nullopt;
  }
  return values;
}

Failure usage_failure(const std::string& what) {
  const std::string called =
      is_called_by_launcher ? "run_pipeline.sh" : std::string(program_name());
  return Failure(ExitStatus::usage, what + "; try '" + called + " --help'");
}

void hint_at_launcher() {
  is_called_by_launcher = true;
}

unsigned parse_count(const std::string& option, const std::string& text, unsigned most) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number > most) {
    throw usage_failure("--" + option + ": '" + text + "' is not a number from 0 to " +
                        std::to_string(most));
  }
  return number;
}

uint64_t parse_size(const std::string& option, const std::string& text) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(rest, text.data() + text.size());
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "K" || unit == "k" || unit == "KiB") shift = 10;
  if (unit == "M" || unit == "MiB") shift = 20;
  if (unit == "G" || unit == "GiB") shift = 30;
  const bool fits = shift >= 0 && number <= (uint64_t{1} << 40) >> shift;
  if (error != std::errc() || !fits || number == 0) {
    throw usage_failure("--" + option + ": '" + text + "' is not a size such as 4096, 256K or 16M");
  }
  return number << shift;
}

}  // namespace rowsum
