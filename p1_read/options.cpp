#include "p1_read/options.h"

#include "common/base/arguments.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

char parse_delimiter(const std::string& text) {
  if (text == "\\t") return '\t';
  if (text.size() != 1 || !Dialect{text[0]}.is_possible()) {
    throw usage_failure("--delimiter: '" + text +
                        "' is not one byte other than a quote or a row end");
  }
  return text[0];
}

}  // namespace

std::optional<ReadOptions> parse_read_options(int argc, char** argv) {
  ReadOptions options;
  std::string delimiter, batch_size, max_row, deal, retries, worker_timeout;
  ReadPipeline pipeline;

  CommandLine command_line;
  command_line.takes_operands = true;
  command_line.synopsis = "[OPTION]... [FILE]...";
  command_line.description =
      "Cuts CSV into batches of whole rows, as a stream for p2_sum on standard output.\n"
      "No FILE, or -, is standard input. Several are read one after another.";
  auto add = command_line.options.add_options();
  add("delimiter,d", po::value(&delimiter)->default_value(",")->value_name("C"),
      "the byte between fields; \\t is a tab");
  add("header", po::bool_switch(&options.batches.header),
      "skip the first row of each file; it has no index");
  add("batch-size", po::value(&batch_size)->default_value("512K")->value_name("SIZE"),
      "bytes of rows in a batch");
  add("max-row", po::value(&max_row)->default_value("16M")->value_name("SIZE"),
      "a longer row is an error");
  add("deal", po::value(&deal)->default_value("round-robin")->value_name("POLICY"),
      "who gets the next batch, with several --to: round-robin, random or pull");
  add("to", po::value(&options.to)->composing()->value_name("PATH"),
      "write to PATH, a file or FIFO, not to standard output; several: deal to them");
  add("checksum", po::bool_switch(&options.checksum),
      "prove every batch, and so every result, by a checksum, also in pipes");

  po::options_description launcher("For run_pipeline.sh");
  auto add_launcher = launcher.add_options();
  add_launcher("pipeline", po::value(&pipeline.directory)->value_name("DIR"),
               "deal references over the FIFOs in DIR");
  add_launcher("places", po::value(&pipeline.places)->value_name("N"), "to so many places");
  add_launcher("control", po::value(&pipeline.control)->value_name("FD"),
               "and hear from p3_write here");
  add_launcher("shared", po::value(&pipeline.shared)->value_name("FD"),
               "the input, or the file for a ring, as the workers inherit it");
  add_launcher("resume", po::bool_switch(&pipeline.resume), "begin where p3_write says");
  add_launcher("retries", po::value(&retries)->default_value("3")->value_name("K"),
               "deaths in a row at one place that are taken for chance");
  add_launcher("worker-timeout",
               po::value(&worker_timeout)->default_value("0")->value_name("SECONDS"),
               "kill a worker that returns nothing for so long; 0: never");
  command_line.options.add(launcher);

  const auto values = parse_arguments(argc, argv, command_line);
  if (!values) return std::nullopt;
  if (values->count("operand"))
    options.inputs = (*values)["operand"].as<std::vector<std::string>>();
  options.batches.dialect.delimiter = parse_delimiter(delimiter);
  options.batches.batch_size = parse_size("batch-size", batch_size);
  options.batches.max_row = parse_size("max-row", max_row);
  options.deal = parse_deal_policy(deal);
  pipeline.retries = parse_count("retries", retries, 1000);
  pipeline.worker_timeout = parse_count("worker-timeout", worker_timeout, 1'000'000);
  if (!pipeline.directory.empty()) {
    if (pipeline.places == 0 || pipeline.control < 0 || pipeline.shared < 0) {
      throw usage_failure("--pipeline needs --places, --control and --shared");
    }
    if (!options.to.empty()) throw usage_failure("--pipeline and --to exclude each other");
    pipeline.checksum = options.checksum;
    options.pipeline = pipeline;
  }
  return options;
}

}  // namespace rowsum
