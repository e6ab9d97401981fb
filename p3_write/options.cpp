// SPDX-License-Identifier: MIT
#include "p3_write/options.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/base/arguments.h"
#include "common/csv/delimiter.h"
#include "common/io/output.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

/// The files that are created or replaced when `path` is written.
std::vector<std::string> files_of(const std::string& path, std::vector<const char*> endings) {
  std::vector<std::string> files;
  endings.push_back("");
  for (const char* const ending : endings) files.push_back(resolved_path(path) + ending);
  return files;
}

bool have_common(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  return std::find_first_of(some.begin(), some.end(), others.begin(), others.end()) != some.end();
}

/// The p3_write that reads a stream decides on the form of the lines and on the rejects, and it
/// needs a stream that is in order and of one run.
void check_stream(const po::variables_map& values) {
  for (const char* const option : {"crlf", "no-index", "output-delimiter", "output-header",
                                   "unordered", "on-error", "rejects", "reports", "resume"}) {
    if (values.count(option) && !values[option].defaulted()) {
      throw usage_failure(std::string("--") + option + " and --format=stream exclude each other");
    }
  }
}

/// --format and what depends on it.
void parse_format(const po::variables_map& values, LineForm& form) {
  const auto format = values["format"].as<std::string>();
  if (format == "stream") return check_stream(values);
  if (format != "csv" && format != "tsv" && format != "jsonl") {
    throw usage_failure("--format: '" + format + "' is not csv, tsv, jsonl or stream");
  }
  if (format == "tsv") form.delimiter = '\t';
  form.is_json = format == "jsonl";
  if (form.is_json && form.has_header) {
    throw usage_failure("--output-header and --format=jsonl exclude each other");
  }
  if (!values.count("output-delimiter")) return;
  if (format != "csv") {
    throw usage_failure("--output-delimiter and --format=" + format + " exclude each other");
  }
  form.delimiter =
      parse_delimiter("output-delimiter", values["output-delimiter"].as<std::string>());
}

ProgressMode parse_progress(const std::string& mode) {
  if (mode == "auto") return ProgressMode::automatic;
  if (mode == "always") return ProgressMode::always;
  if (mode == "never") return ProgressMode::never;
  throw usage_failure("--progress: '" + mode + "' is not auto, always or never");
}

}  // namespace

std::optional<WriteOptions> parse_write_options(int argc, char** argv) {
  WriteOptions options;
  std::string on_error, reports, progress;
  bool no_index = false;
  bool has_reader = false;

  CommandLine command_line;
  command_line.takes_operands = true;
  command_line.synopsis =
      "[OPTION]... [STREAM]...\n       p3_write --reader [OPTION]... -- p1_read [ARGUMENT]...";
  command_line.description =
      "Merges the streams of results that p2_sum writes, in the order of the input, and writes\n"
      "\"index,sum\" for each row. No STREAM, or -, is standard input.";
  auto add = command_line.options.add_options();
  add("output,o", po::value(&options.output)->value_name("FILE"),
      "write to FILE, which is only ever replaced by a complete one; -: to standard output");
  add("crlf", po::bool_switch(&options.form.crlf), "end lines with CR LF");
  add("no-index", po::bool_switch(&no_index), "print only the sums");
  add("format", po::value<std::string>()->default_value("csv")->value_name("FORMAT"),
      "csv, tsv (a tab in place of the comma), jsonl: {\"index\":0,\"sum\":6}, or stream: one "
      "stream of results, for another p3_write");
  add("output-delimiter", po::value<std::string>()->value_name("C"),
      "the byte between index and sum (default: a comma); \\t or tab is a tab");
  add("output-header", po::bool_switch(&options.form.has_header),
      "begin with the line \"index,sum\"");
  add("unordered", po::bool_switch(&options.unordered),
      "write lines as they come, and not in the order of the input");
  add("on-error", po::value(&on_error)->default_value("fail")->value_name("POLICY"),
      "a row that is not integers: fail, or skip it and go on (exit status 1)");
  add("rejects", po::value(&options.rejects)->value_name("FILE"),
      "with --on-error=skip: keep the rejected rows, as they are, in FILE; -: standard output");
  add("reports", po::value(&reports)->value_name("N"),
      "with --on-error=skip: report N rejected rows (default: 10), and how many more there are");
  add("progress", po::value(&progress)->default_value("auto")->value_name("MODE"),
      "show how far the run is: auto (a bar, on a terminal), always (elsewhere lines), or never");

  po::options_description launcher("With a p1_read that has workers, as run_pipeline.sh starts it");
  auto add_launcher = launcher.add_options();
  add_launcher("reader", po::bool_switch(&has_reader),
               "start p1_read --workers, with the operands as its name and arguments, and write "
               "what its workers return");
  add_launcher("resume", po::bool_switch(&options.resume),
               "go on where FILE.journal says, and tell p1_read");
  add_launcher("trace", po::value(&options.trace)->value_name("FILE"),
               "create FILE, and write into it when this program waited and wrote");
  command_line.options.add(launcher);

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (has_reader) hint_at_launcher();
  if (values->count("operand")) {
    options.streams = (*values)["operand"].as<std::vector<std::string>>();
  }
  options.form.has_index = !no_index;
  for (const char* const file : {"output", "rejects", "trace"}) {
    if (values->count(file) && (*values)[file].as<std::string>().empty()) {
      throw usage_failure(std::string("--") + file + ": an empty name");
    }
  }
  parse_format(*values, options.form);
  options.as_stream = (*values)["format"].as<std::string>() == "stream";
  if (options.output == "-" && options.rejects == "-") {
    throw usage_failure("sums and rejected rows would both go to standard output");
  }
  const auto is_file = [](const std::string& name) { return !name.empty() && name != "-"; };
  if (is_file(options.output) && is_file(options.rejects)) {
    if (have_common(files_of(options.output, {}), files_of(options.rejects, {}))) {
      throw usage_failure("--output and --rejects are the same file");
    }
    if (options.resume &&
        have_common(files_of(options.output, {".partial", ".journal", ".journal.new"}),
                    files_of(options.rejects, {".partial"}))) {
      throw usage_failure("with --resume, --output and --rejects are in conflict");
    }
  }
  if (on_error != "fail" && on_error != "skip") {
    throw usage_failure("--on-error: '" + on_error + "' is neither fail nor skip");
  }
  options.skip_rejects = on_error == "skip";
  options.progress = parse_progress(progress);
  if (!options.rejects.empty() && !options.skip_rejects) {
    throw usage_failure("--rejects needs --on-error=skip");
  }
  if (values->count("reports")) {
    options.reports = parse_count("reports", reports, 1'000'000'000);
    if (!options.skip_rejects) throw usage_failure("--reports needs --on-error=skip");
  }
  if (options.resume && options.unordered) {
    throw usage_failure("--resume and --unordered exclude each other");
  }
  if (options.resume && !has_reader) throw usage_failure("--resume needs --reader");
  if (options.trace == "-") throw usage_failure("--trace: standard output is no place for it");
  if (values->count("trace") && !has_reader) throw usage_failure("--trace needs --reader");
  if (has_reader) {
    if (options.streams.empty()) throw usage_failure("--reader needs p1_read as an operand");
    options.reader = std::exchange(options.streams, {});
    return options;
  }
  if (options.streams.empty()) options.streams.push_back("-");
  const bool reads_terminal =
      std::count(options.streams.begin(), options.streams.end(), "-") && ::isatty(STDIN_FILENO);
  if (reads_terminal) throw usage_failure("standard input is a terminal, and no stream of results");
  return options;
}

bool asks_for_stream(int argc, char** argv) {
  po::options_description known;
  known.add_options()("format", po::value<std::string>())("output,o", po::value<std::string>());
  std::string format, output = "-";
  try {
    const auto given =
        po::command_line_parser(argc, argv).options(known).allow_unregistered().run();
    for (const po::option& option : given.options) {
      if (option.string_key == "format") format = option.value.front();
      if (option.string_key == "output") output = option.value.front();
    }
  } catch (const po::error&) {
    return false;
  }
  return format == "stream" && output == "-";
}

}  // namespace rowsum
