#include "p3_write/options.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "common/base/arguments.h"
#include "common/base/program.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

/// As far as there is something to resolve; what there is not has no other name yet.
std::filesystem::path resolved(const std::string& path) {
  std::error_code error;
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
}

}  // namespace

std::optional<WriteOptions> parse_write_options(int argc, char** argv) {
  WriteOptions options;
  WritePipeline pipeline;
  std::string on_error;
  bool no_index = false;
  int parent = 0;

  CommandLine command_line;
  command_line.takes_operands = true;
  command_line.synopsis = "[OPTION]... [STREAM]...";
  command_line.description =
      "Merges the streams of results that p2_sum writes, in the order of the input, and writes\n"
      "\"index,sum\" for each row. No STREAM, or -, is standard input.";
  auto add = command_line.options.add_options();
  add("output,o", po::value(&options.output)->value_name("FILE"),
      "write to FILE, which is only ever replaced by a complete one");
  add("crlf", po::bool_switch(&options.form.crlf), "end lines with CR LF");
  add("no-index", po::bool_switch(&no_index), "print only the sums");
  add("on-error", po::value(&on_error)->default_value("fail")->value_name("POLICY"),
      "a row that is not integers: fail, or skip it and go on (exit status 1)");
  add("rejects", po::value(&options.rejects)->value_name("FILE"),
      "with --on-error=skip: keep the rejected rows, as they are, in FILE");

  po::options_description launcher("For run_pipeline.sh");
  auto add_launcher = launcher.add_options();
  add_launcher("pipeline", po::value(&pipeline.directory)->value_name("DIR"),
               "read from the FIFOs in DIR");
  add_launcher("places", po::value(&pipeline.places)->value_name("N"), "of so many places");
  add_launcher("control", po::value(&pipeline.control)->value_name("FD"), "and tell p1_read here");
  add_launcher("resume", po::bool_switch(&options.resume),
               "go on where FILE.journal says, and tell p1_read");
  add_launcher("parent", po::value(&parent)->value_name("PID"), "end when the parent process does");
  command_line.options.add(launcher);

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (parent != 0) tie_to_parent(parent);
  if (values->count("operand")) {
    options.streams = (*values)["operand"].as<std::vector<std::string>>();
  }
  options.form.has_index = !no_index;
  for (const char* const file : {"output", "rejects"}) {
    if (values->count(file) && (*values)[file].as<std::string>().empty()) {
      throw usage_failure(std::string("--") + file + ": an empty name");
    }
  }
  if (!options.output.empty() && !options.rejects.empty() &&
      resolved(options.output) == resolved(options.rejects)) {
    throw usage_failure("--output and --rejects are the same file");
  }
  if (on_error != "fail" && on_error != "skip") {
    throw usage_failure("--on-error: '" + on_error + "' is neither fail nor skip");
  }
  options.skip_rejects = on_error == "skip";
  if (!options.rejects.empty() && !options.skip_rejects) {
    throw usage_failure("--rejects needs --on-error=skip");
  }
  if (!pipeline.directory.empty()) {
    if (pipeline.places == 0 || pipeline.control < 0) {
      throw usage_failure("--pipeline needs --places and --control");
    }
    if (!options.streams.empty()) throw usage_failure("--pipeline takes no operand");
    if (options.resume && options.output.empty()) throw usage_failure("--resume needs --output");
    for (const char* const own : {".journal", ".partial"}) {
      if (options.resume && options.rejects == options.output + own) {
        throw usage_failure("--rejects is a file of --resume");
      }
    }
    options.pipeline = pipeline;
    return options;
  }
  if (options.resume) throw usage_failure("--resume needs --pipeline");
  if (options.streams.empty()) options.streams.push_back("-");
  const bool reads_terminal =
      std::count(options.streams.begin(), options.streams.end(), "-") && ::isatty(STDIN_FILENO);
  if (reads_terminal) throw usage_failure("standard input is a terminal, and no stream of results");
  return options;
}

}  // namespace rowsum
