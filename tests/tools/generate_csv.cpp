// SPDX-License-Identifier: MIT
// generate_csv: CSV files of random integers for the demo, the tests and the benchmark.
//
// The same options and seed give the same bytes on any machine. Options for the form of a file
// (--quoted, --padded, --crlf, --delimiter, --header) do not change its integers, and --reject
// replaces one field in some rows. So `messy` has the sums of `mixed`. Integers are drawn by
// multiply-shift, which changes the probability of a value by at most 2^-64. That does not matter
// for small ranges, but in a range near 2^64 that is no power of two, some values come twice as
// often as others.
//
// A failure is reported in one line, with exit status 64 (usage), 73 (cannot create) or 74 (cannot
// write; what was written stays). If the reader of the output has gone, the program ends with
// status 141 and reports nothing.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace rowsum {
namespace {

namespace po = boost::program_options;
__extension__ typedef unsigned __int128 Uint128;

[[noreturn]] void die(int status, const std::string& message) {
  const std::string line = "generate_csv: " + message + "\n";
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
  std::exit(status);
}

// ---- Options ----

struct Options {
  int64_t rows, columns, min, max;
  uint64_t fewest_digits = 0, most_digits = 0;  // 0: fields are drawn from min..max
  double negative, quoted, padded, reject;
  bool skew = false, crlf = false, header = false;
  char delimiter;
  uint64_t seed;
  std::string output = "-";
  std::string text;  // the answer to --help or --version: print it and do nothing else
};

/// A workload is a list of options. Those on the command line take precedence.
const std::string mixed = "--rows=3000000 --columns=45 --skew --digits=1..10 --negative=10";
const std::map<std::string, std::string> workloads = {
    {"digits", "--rows=5000000 --columns=100 --min=0 --max=9"},
    {"narrow", "--rows=30000000 --columns=3 --min=0 --max=999"},
    {"wide", "--rows=50000 --columns=500 --min=-9223372036854775808 --max=9223372036854775807"},
    {"mixed", mixed},
    {"messy", mixed + " --quoted=2.5 --padded=2.5 --crlf"}};

void require(bool holds, const std::string& complaint) {
  if (!holds) throw po::error(complaint);
}

/// Reads "LO..HI", or "N" for N..N.
void parse_digits(const std::string& text, Options& options) {
  const char* const end = text.data() + text.size();
  const char* rest = std::from_chars(text.data(), end, options.fewest_digits).ptr;
  options.most_digits = options.fewest_digits;
  if (end - rest > 2 && rest[0] == '.' && rest[1] == '.') {
    rest = std::from_chars(rest + 2, end, options.most_digits).ptr;
  }
  require(rest == end && 1 <= options.fewest_digits &&
              options.fewest_digits <= options.most_digits && options.most_digits <= 60,
          "--digits is not LO..HI within 1..60");
}

Options parse_options(int argc, char** argv) {
  Options options;
  std::string delimiter;
  const auto set = [](auto& variable, auto normally, const char* placeholder) {
    return po::value(&variable)->default_value(normally)->value_name(placeholder);
  };
  const auto text = [](const char* placeholder) {
    return po::value<std::string>()->value_name(placeholder);
  };
  po::options_description known("Options");
  // clang-format off
  known.add_options()
      ("workload", text("NAME"), "one of those below")
      ("rows", set(options.rows, 500'000, "N"), "number of rows")
      ("columns", set(options.columns, 100, "N"), "number of fields in a row")
      ("min", set(options.min, 0, "V"), "smallest integer")
      ("max", set(options.max, 9, "V"), "largest integer")
      ("digits", text("LO..HI"), "instead: draw the number of digits, up to 60")
      ("negative", set(options.negative, 0, "P"), "with --digits: % of negative fields")
      ("skew", po::bool_switch(&options.skew), "skewed row lengths, --columns is their mean")
      ("quoted", set(options.quoted, 0, "P"), "% of fields in double quotes")
      ("padded", set(options.padded, 0, "P"), "% of fields with spaces around")
      ("reject", set(options.reject, 0, "P"), "% of rows with one field replaced by 'abc'")
      ("crlf", po::bool_switch(&options.crlf), "end rows with CR LF")
      ("delimiter", set(delimiter, ",", "C"), "what stands between fields")
      ("header", po::bool_switch(&options.header), "first line c0,c1,...: --columns names")
      ("seed", set(options.seed, 1, "N"), "other seed, other integers")
      ("output,o", set(options.output, "-", "FILE"), "- is standard output")
      ("help", "print this and exit")
      ("version", "print the version and exit");
  // clang-format on

  po::variables_map given;  // the first to store a value wins
  po::store(po::command_line_parser(argc, argv).options(known).positional({}).run(), given);
  if (given.count("help") > 0) {
    std::ostringstream help;
    help << "Usage: generate_csv [OPTION]...\nWrites a CSV file of random integers.\n\n"
         << known << "\nWorkloads, which other options override:\n";
    for (const auto& [name, preset] : workloads) help << "  " << name << ": " << preset << "\n";
    options.text = help.str();
  } else if (given.count("version") > 0) {
    options.text = "generate_csv (row sums) 1.0\n";
  }
  if (!options.text.empty()) return options;

  const bool range_given = !given["min"].defaulted() || !given["max"].defaulted();
  const bool negative_given = !given["negative"].defaulted();
  require(!range_given || given.count("digits") == 0, "--digits excludes --min and --max");
  if (given.count("workload") > 0) {
    const auto preset = workloads.find(given["workload"].as<std::string>());
    require(preset != workloads.end(), "no such workload");
    const auto arguments = po::split_unix(preset->second);
    po::store(po::command_line_parser(arguments).options(known).run(), given);
  }
  po::notify(given);

  if (given.count("digits") > 0 && !range_given) {
    parse_digits(given["digits"].as<std::string>(), options);
  }
  require(options.most_digits > 0 || !negative_given, "--negative needs --digits");
  require(options.rows >= 0, "--rows is negative");
  require(1 <= options.columns && options.columns <= 100'000'000, "--columns is not 1..100000000");
  require(options.min <= options.max, "--min is above --max");
  for (const double percent : {options.negative, options.quoted, options.padded, options.reject}) {
    require(0 <= percent && percent <= 100, "a percentage is not within 0..100");
  }
  const bool used_in_fields = delimiter.find_first_of("0123456789+-abc\" \r\n") != delimiter.npos;
  require(delimiter.size() == 1 && !used_in_fields,
          "--delimiter is not one character that fields do without");
  options.delimiter = delimiter[0];
  return options;
}

// ---- Output ----

/// Buffered write(2). The first failure ends the program, so a call that returns has succeeded.
class Output {
 public:
  static constexpr int64_t fields_in_room = 1000;

  explicit Output(const std::string& path) : name_(path == "-" ? "standard output" : path) {
    if (path != "-") fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) die(73, "cannot create " + name_ + ": " + std::strerror(errno));
  }

  /// Room for up to fields_in_room fields and a row end. The caller then has to say where they end.
  char* room() {
    if (used_ >= flush_at) flush();
    return buffer_.data() + used_;
  }
  void used_up_to(const char* end) { used_ = static_cast<size_t>(end - buffer_.data()); }

  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) fail();
      if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
    }
  }

  void finish() {
    flush();
    if (::close(fd_) != 0 && errno != EINTR) fail();
  }

 private:
  static constexpr size_t flush_at = 1 << 20;
  static constexpr size_t longest_field = 80;  // sign, 60 digits, six spaces, quotes, delimiter

  void flush() {
    write_all({buffer_.data(), used_});
    used_ = 0;
  }
  [[noreturn]] void fail() const {
    if (errno == EPIPE) std::exit(141);
    die(74, "cannot write " + name_ + ": " + std::strerror(errno));
  }

  std::string name_;
  int fd_ = STDOUT_FILENO;
  size_t used_ = 0;
  std::vector<char> buffer_ = std::vector<char>(flush_at + (fields_in_room + 1) * longest_field);
};

// ---- Chance ----

/// SplitMix64 (Steele, Lea, Flood 2014): a step hardly depends on the one before, so it is faster
/// here than generators with more state. The streams of one seed are unrelated.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : state_(seed) { state_ = next() + stream; }

  uint64_t next() {
    uint64_t word = state_ += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
  }

 private:
  uint64_t state_;
};

/// Takes a number in [0, count) from the upper bits of `word`. The rest can serve as a new word as
/// long as the product of all counts taken is far below 2^64.
uint64_t take(uint64_t& word, uint64_t count) {
  const Uint128 product = Uint128{word} * count;
  word = static_cast<uint64_t>(product);
  return static_cast<uint64_t>(product >> 64);
}

class Chance {
 public:
  explicit Chance(double percent) : threshold_(static_cast<uint64_t>(percent / 100 * 0x1p32)) {}
  bool happens(uint64_t word) const { return word >> 32 < threshold_; }

 private:
  uint64_t threshold_;
};

/// At least 1, `mean` on average, at most 8 times that: from the product of three uniform numbers,
/// a bit more skewed than a geometric distribution, and without logarithms, which vary by machine.
int64_t skewed_length(Random& random, int64_t mean) {
  uint64_t word = random.next(), second = random.next(), product = random.next();
  product = take(word, take(second, product));
  return static_cast<int64_t>(1 + (take(product, 16 * static_cast<uint64_t>(mean - 1)) + 1) / 2);
}

// ---- Fields: print() draws one, puts it at `at` and returns its end ----

/// Integers from min to max. If a table of all their texts fits the first-level cache, it is used,
/// with the same effect.
class RangeField {
 public:
  explicit RangeField(const Options& options)
      : min_(static_cast<uint64_t>(options.min)),
        count_(static_cast<uint64_t>(options.max) - min_ + 1) {
    if (options.min <= -1'000'000 || options.max >= 10'000'000 || count_ > 2048) return;
    for (int64_t value = options.min; value <= options.max; ++value) {
      Entry& entry = table_.emplace_back();
      char* const end = std::to_chars(entry.text, std::end(entry.text), value).ptr;
      entry.length = static_cast<uint8_t>(end - entry.text);
    }
  }

  char* print(char* at, Random& random) const {
    uint64_t word = random.next();
    const uint64_t offset = count_ == 0 ? word : take(word, count_);  // 0 stands for 2^64
    if (table_.empty()) {
      return std::to_chars(at, at + 20, static_cast<int64_t>(min_ + offset)).ptr;
    }
    const Entry& entry = table_[offset];
    std::memcpy(at, &entry, sizeof entry);  // in one store; the next field overwrites the excess
    return at + entry.length;
  }

 private:
  struct Entry {
    char text[7];
    uint8_t length;
  };
  uint64_t min_, count_;
  std::vector<Entry> table_;
};

/// Draws first the number of digits, then the digits, so that any length is possible.
class DigitsField {
 public:
  explicit DigitsField(const Options& options)
      : fewest_(options.fewest_digits),
        lengths_(options.most_digits - fewest_ + 1),
        negative_(options.negative) {
    for (size_t i = 0; i < pairs_.size(); ++i) {
      pairs_[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
    }
  }

  char* print(char* at, Random& random) const {
    uint64_t shape = random.next();
    const uint64_t length = fewest_ + take(shape, lengths_);
    const uint64_t lowest_first = length > 1;
    const uint64_t first = lowest_first + take(shape, 10 - lowest_first);
    *at = '-';
    at += negative_.happens(shape);
    // Twelve digits at a time: a loop of exactly `length` steps would be mispredicted in every
    // field.
    for (uint64_t done = 0; done < length; done += 12) {
      uint64_t word = random.next();
      for (int i = 0; i < 12; i += 2) std::memcpy(at + done + i, &pairs_[take(word, 100)], 2);
    }
    *at = static_cast<char>('0' + first);
    return at + length;
  }

 private:
  uint64_t fewest_, lengths_;
  Chance negative_;
  std::array<std::array<char, 2>, 100> pairs_;
};

/// Puts quotes, padding or both (then inside the quotes) around some fields.
class Dresser {
 public:
  explicit Dresser(const Options& options)
      : quoted_(options.quoted), padded_(options.padded), random_(options.seed, 1) {}

  /// The field is [at, end). Returns its new end.
  char* dress(char* at, char* end) {
    const uint64_t both = random_.next();
    if (padded_.happens(both)) {
      uint64_t word = random_.next();
      const uint64_t padding = 1 + take(word, 15);  // before + 4 * after, each up to three
      end = surround(at, end, padding % 4, padding / 4, ' ');
    }
    return quoted_.happens(both << 32) ? surround(at, end, 1, 1, '"') : end;
  }

 private:
  static char* surround(char* at, char* end, size_t before, size_t after, char filler) {
    std::copy_backward(at, end, end + before);
    std::fill_n(at, before, filler);
    return std::fill_n(end + before, after, filler);
  }

  Chance quoted_, padded_;
  Random random_;
};

// ---- Rows ----

std::string header(const Options& options) {
  std::string line;
  for (int64_t column = 0; column < options.columns; ++column) {
    if (column > 0) line += options.delimiter;
    line.append("c").append(std::to_string(column));
  }
  return line.append(options.crlf ? "\r\n" : "\n");
}

template <typename Field>
void write_rows(const Options& options, Output& out) {
  const Field source(options);
  const bool dressed = options.quoted > 0 || options.padded > 0;
  Dresser dresser(options);
  const Chance reject(options.reject);
  Random integers(options.seed, 0), rejects(options.seed, 2);
  const char delimiter = options.delimiter;
  for (int64_t row = 0; row < options.rows; ++row) {
    const int64_t columns =
        options.skew ? skewed_length(integers, options.columns) : options.columns;
    int64_t rejected = -1;
    if (reject.happens(rejects.next())) {
      uint64_t word = rejects.next();
      rejected = static_cast<int64_t>(take(word, static_cast<uint64_t>(columns)));
    }
    char* at = nullptr;
    for (int64_t field = 0; field < columns;) {
      at = out.room();
      Random random = integers;  // a local copy stays in a register
      const int64_t stop = std::min(columns, field + Output::fields_in_room);
      for (; field < stop; ++field) {
        char* end = source.print(at, random);
        if (field == rejected) end = std::copy_n("abc", 3, at);
        if (dressed) end = dresser.dress(at, end);
        *end = delimiter;
        at = end + 1;
      }
      integers = random;
      out.used_up_to(at);
    }
    --at;  // no delimiter after the last
    if (options.crlf) *at++ = '\r';
    *at++ = '\n';
    out.used_up_to(at);
  }
}

void write_file(const Options& options, Output& out) {
  if (options.header) out.write_all(header(options));
  options.most_digits > 0 ? write_rows<DigitsField>(options, out)
                          : write_rows<RangeField>(options, out);
}

}  // namespace
}  // namespace rowsum

int main(int argc, char** argv) {
  using namespace rowsum;
  std::signal(SIGPIPE, SIG_IGN);  // then write(2) fails with EPIPE
  try {
    const Options options = parse_options(argc, argv);
    Output out(options.output);
    options.text.empty() ? write_file(options, out) : out.write_all(options.text);
    out.finish();
    return 0;
  } catch (const po::error& error) {
    die(64, std::string(error.what()) + "; try 'generate_csv --help'");
  }
}
