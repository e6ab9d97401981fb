// SPDX-License-Identifier: MIT
#include "p1_read/options.h"

#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "common/base/arguments.h"
#include "common/csv/delimiter.h"
#include "common/csv/field_list.h"
#include "common/worker/command_options.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

size_t parse_places(const std::string& text) {
  constexpr unsigned most = 1'000'000;
  if (text == "auto") {
    cpu_set_t processors;
    if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return 1;
    return std::min<size_t>(static_cast<size_t>(CPU_COUNT(&processors)), most_places_by_default);
  }
  const unsigned places = parse_count("workers", text, most);
  if (places == 0) throw usage_failure("--workers: '" + text + "' is no number of workers");
  return places;
}

std::string name_of(const std::string& program) {
  return program.substr(program.rfind('/') + 1);
}

/// `text` is the name of an executable file or, if there is none of that name, a command with the
/// quoting of a shell.
WorkerCommand parse_worker(const std::string& text) {
  std::vector<std::string> words{text};
  if (::access(text.c_str(), X_OK) != 0) words = po::split_unix(text);
  if (words.empty() || words[0].empty()) throw usage_failure("--worker: no program");
  return {words, name_of(words[0])};
}

HeaderRow parse_header(const std::string& text) {
  if (text == "skip") return HeaderRow::skip;
  if (text == "repeat") return HeaderRow::repeat;
  throw usage_failure("--header: '" + text + "' is neither skip nor repeat");
}

void check_fields(const FieldRules& fields, HeaderRow header) {
  if (!fields.are_selected()) return;
  try {
    const FieldList list = FieldList::parse(fields.list, fields.complement);
    if (list.has_names() && header == HeaderRow::none) {
      throw usage_failure("--fields: names of columns need --header");
    }
  } catch (const std::invalid_argument& error) {
    throw usage_failure(std::string("--fields: ") + error.what());
  }
}

/// Finds p2_sum in the directory of this program: first the directory of the name by which it was
/// called, which may be a link, then the one in which the file really lies.
WorkerCommand default_worker() {
  const char* const called = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  std::error_code error;
  const std::filesystem::path real = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const std::filesystem::path& self : {std::filesystem::path(called ? called : ""), real}) {
    const std::string worker = std::filesystem::absolute(self.parent_path() / "p2_sum", error);
    if (::access(worker.c_str(), X_OK) == 0) return {{worker}, "p2_sum", true};
  }
  throw Failure(ExitStatus::system, "there is no p2_sum beside p1_read");
}

/// The places of --hosts, in place of those of --workers.
void add_hosts(const std::string& list, const std::string& ssh, const po::variables_map& values,
               WorkerOptions& workers) {
  // The launcher asks for one place for each processor unless the user has asked for something.
  if (values["workers"].as<std::string>() != "auto") {
    throw usage_failure("--hosts excludes -n, --workers: it says how many there are");
  }
  if (values.count("worker")) throw usage_failure("--hosts excludes --worker");
  workers.hosts = parse_hosts(list);
  workers.ssh = values.count("ssh") ? po::split_unix(ssh) : default_ssh();
  if (workers.ssh.empty()) throw usage_failure("--ssh: no program");
  for (Host& host : workers.hosts) {
    if (host.is_here() && host.places == 0) host.places = workers.places;
  }
}

}  // namespace

std::optional<ReadOptions> parse_read_options(int argc, char** argv) {
  ReadOptions options;
  std::string delimiter, header, batch_size, max_row, deal, places, worker, retries, worker_timeout;
  std::string empty, hosts, ssh;
  CommandArguments command;
  PartArguments part;
  WorkerOptions workers;

  CommandLine command_line;
  command_line.takes_operands = true;
  command_line.values_if_bare = {{"header", "skip"}};
  command_line.synopsis = "[OPTION]... [FILE]...";
  command_line.description =
      "Cuts CSV into batches of whole rows, as a stream for p2_sum on standard output.\n"
      "No FILE, or -, is standard input. Several are read one after another. Files of gzip,\n"
      "zstd, xz and bzip2 are decompressed.";
  auto add = command_line.options.add_options();
  add("delimiter,d", po::value(&delimiter)->default_value(",")->value_name("C"),
      "the byte between fields; \\t is a tab");
  add("header", po::value(&header)->implicit_value("skip")->value_name("MODE"),
      "skip the first row of each file; it has no index. =repeat: --command gets it with each "
      "batch");
  FieldRules& fields = options.batches.fields;
  add("fields,f", po::value(&fields.list)->value_name("LIST"),
      "only these fields, as for cut(1): 1,3-5,7-; or names from the header row");
  add("complement", po::bool_switch(&fields.complement), "all fields but those of --fields");
  add("empty", po::value(&empty)->default_value("reject")->value_name("MODE"),
      "an empty field: reject, it is no integer; or zero");
  add("batch-size", po::value(&batch_size)->value_name("SIZE"),
      "bytes of rows in a batch (default: 512K, or 1M of a file that workers cut themselves; what "
      "--command answers in 0.5 s, and --coprocess in 0.05 s)");
  add("max-row", po::value(&max_row)->default_value("16M")->value_name("SIZE"),
      "a longer row is an error");
  add("deal", po::value(&deal)->value_name("POLICY"),
      "who gets the next batch, of several --to or workers: round-robin, random or pull (default: "
      "round-robin; pull with --command and with --hosts)");
  add("to", po::value(&options.to)->composing()->value_name("PATH"),
      "write to PATH, a file or FIFO, not to standard output; several: deal to them");
  add("checksum", po::bool_switch(&options.checksum),
      "prove every batch, and so every result, by a checksum, also in pipes");

  po::options_description launcher("With workers of its own, as run_pipeline.sh starts it");
  auto add_launcher = launcher.add_options();
  add_launcher("workers", po::value(&places)->value_name("N"),
               "deal to N places for a worker, and tell p3_write on standard output; auto: as many "
               "as there are processors, at most 64");
  add_launcher(
      "worker", po::value(&worker)->value_name("COMMAND"),
      "the program at the places, with its arguments (default: the p2_sum beside this one)");
  add_launcher("hosts", po::value(&hosts)->value_name("LIST"),
               "places on several machines, as in a,b:8,localhost:4");
  add_launcher("ssh", po::value(&ssh)->value_name("COMMAND"),
               "what starts p2_sum on another machine, as ssh does");
  command.add_to(launcher);
  add_launcher("retries", po::value(&retries)->value_name("K"),
               "deaths in a row at one place that are taken for chance (default: 3; 1 with "
               "--command)");
  add_launcher("worker-timeout",
               po::value(&worker_timeout)->default_value("0")->value_name("SECONDS"),
               "kill a worker that returns nothing for so long; 0: never");
  add_launcher("resume", po::bool_switch(&workers.resume), "begin where p3_write says");
  add_launcher("stats", po::bool_switch(&workers.stats),
               "print a table at the end: what was done, by place, and what it took");
  add_launcher("trace", po::value(&workers.trace)->value_name("FILE"),
               "append to FILE, which p3_write has created, what each place did when");
  add_launcher("joblog", po::value(&workers.joblog)->value_name("FILE"),
               "write into FILE a line for each batch, as GNU parallel does for each job");
  command_line.options.add(launcher);
  po::options_description one_part("For one of several parts of a file, on several machines");
  part.add_to(one_part);
  command_line.options.add(one_part);

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (values->count("workers")) hint_at_launcher();
  if (values->count("operand"))
    options.inputs = (*values)["operand"].as<std::vector<std::string>>();
  options.batches.dialect.delimiter = parse_delimiter("delimiter", delimiter);
  if (values->count("header")) options.batches.header = parse_header(header);
  if (empty != "reject" && empty != "zero") {
    throw usage_failure("--empty: '" + empty + "' is neither reject nor zero");
  }
  fields.empty_is_zero = empty == "zero";
  if (values->count("fields") && fields.list.empty())
    throw usage_failure("--fields: an empty list");
  check_fields(fields, options.batches.header);
  if (fields.complement && fields.list.empty()) throw usage_failure("--complement needs --fields");
  workers.chunk_size = uint64_t{1} << 20;
  // p1_read has cut a shorter file before the first worker has started.
  workers.scanned_from = uint64_t{4} << 20;
  if (values->count("batch-size")) {
    workers.chunk_size = options.batches.batch_size = parse_size("batch-size", batch_size);
    workers.scanned_from = 0;
  }
  options.batches.max_row = parse_size("max-row", max_row);
  options.part = part.parse(*values);
  if (options.part && workers.resume) throw usage_failure("--part and --resume exclude each other");
  if (values->count("deal")) options.deal = parse_deal_policy(deal);
  const std::optional<CommandOptions> given = command.parse(*values);
  workers.has_command = given.has_value();
  workers.command_stays = given && given->stays;
  workers.retries = workers.has_command ? 1 : 3;
  if (values->count("retries")) workers.retries = parse_count("retries", retries, 1000);
  workers.worker_timeout = parse_count("worker-timeout", worker_timeout, 1'000'000);
  if (values->count("workers")) {
    workers.places = parse_places(places);
    workers.command = values->count("worker") ? parse_worker(worker) : default_worker();
    if (given) {
      if (values->count("worker")) throw usage_failure("--worker excludes --command, --coprocess");
      for (const std::string& word : words_of(*given)) workers.command.words.push_back(word);
    }
    if (values->count("hosts")) {
      add_hosts(hosts, ssh, *values, workers);
    } else if (values->count("ssh")) {
      throw usage_failure("--ssh needs --hosts");
    }
    workers.task = given ? given->command : values->count("worker") ? worker : workers.command.name;
    if (workers.joblog == "-") {
      throw usage_failure("--joblog: standard output is no place for it");
    }
    workers.is_paced = workers.has_command && !values->count("batch-size");
    const bool is_uneven = workers.has_command || !workers.hosts.empty();
    if (is_uneven && !values->count("deal")) options.deal = DealPolicy::pull;
    if (!options.to.empty()) throw usage_failure("--workers and --to exclude each other");
    if (::isatty(STDOUT_FILENO)) {
      throw usage_failure("standard output is a terminal, and not p3_write");
    }
    workers.checksum = options.checksum;
    options.workers = workers;
  } else {
    for (const char* const option :
         {"worker", "hosts", "ssh", "command", "coprocess", "trace", "joblog"}) {
      if (values->count(option)) {
        throw usage_failure(std::string("--") + option + " needs --workers");
      }
    }
    if (workers.resume) throw usage_failure("--resume needs --workers");
    if (workers.stats) throw usage_failure("--stats needs --workers");
  }
  return options;
}

}  // namespace rowsum
