// SPDX-License-Identifier: MIT
// frame_cat: shows a stream of batches or of results, frame by frame.
//
// Each frame has one line, with details indented below: what a hello says of the input and of
// the lines, rejects, and with --text the rows or lines, escaped. A damaged stream is shown up to
// the damage. Then comes the line that p2_sum or p3_write would report, and their exit status is
// used. A verdict other than `complete` is shown like any other and is not a failure of this
// program.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/base/arguments.h"
#include "common/base/program.h"
#include "common/base/report.h"
#include "common/io/owned_fd.h"
#include "common/io/read_write.h"
#include "common/wire/stream_parser.h"

namespace rowsum {
namespace {

struct Options {
  bool text = false;
  std::vector<std::string> streams = {"-"};
};

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  CommandLine command_line;
  command_line.takes_operands = true;
  command_line.synopsis = "[OPTION]... [STREAM]...";
  command_line.description =
      "Shows streams of batches or results frame by frame.\n"
      "No STREAM, or -, is standard input.";
  command_line.options.add_options()("text", boost::program_options::bool_switch(&options.text),
                                     "also show the rows or lines themselves");
  const auto values = parse_arguments(argc, argv, std::move(command_line));
  if (!values) return std::nullopt;
  if (values->count("operand")) {
    options.streams = (*values)["operand"].as<std::vector<std::string>>();
  }
  return options;
}

/// The bytes of a stream. The first ones can be looked at before they are read.
class Source {
 public:
  Source(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  size_t read(std::span<char> into) {
    if (seen_ == ahead_.size()) return read_some(fd_, into, name_);
    const size_t n = ahead_.copy(into.data(), into.size(), seen_);
    seen_ += n;
    return n;
  }

  /// The content that the hello of the stream states. Nothing if it does not begin with a hello;
  /// then the parser reports what is wrong.
  std::optional<Content> content() {
    try {
      FrameParser frames;
      while (!frames.has_frame()) {
        const std::span<char> space = frames.space();
        const size_t n = read_some(fd_, space, name_);
        if (n == 0) return std::nullopt;
        ahead_.append(space.data(), n);
        frames.filled(n);
      }
      if (frames.header().type != FrameType::hello) return std::nullopt;
      return decode_hello(frames.details()).content;
    } catch (const std::invalid_argument&) {
      return std::nullopt;
    }
  }

 private:
  int fd_;
  std::string name_;
  std::string ahead_;
  size_t seen_ = 0;
};

constexpr std::string_view indent = "        ";

std::string hex(uint64_t number) {
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

std::string quoted(std::string_view text) {
  return "'" + printable(text, text.size()) + "'";
}

/// Prints each line of the text, up to its LF, in a line of its own.
void add_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.append(indent).append("| ").append(printable(text.substr(0, end), end)).append("\n");
    text.remove_prefix(end);
  }
}

std::string shown_hello(const Hello& hello) {
  std::string out = "hello   ";
  out += hello.content == Content::batches ? "batches" : "results";
  out += " from byte " + std::to_string(hello.begin);
  if (hello.end != 0) out += ", probably to byte " + std::to_string(hello.end);
  out += ", largest text " + std::to_string(hello.largest_text);
  out += ", delimiter " + quoted({&hello.dialect.delimiter, 1});
  if (hello.header == HeaderRow::skip) out += ", header";
  if (hello.header == HeaderRow::repeat) out += ", header repeated";
  if (hello.fields.empty_is_zero) out += ", empty fields are 0";
  if (hello.part.number > 0) out += ", " + describe(hello.part);
  out += ", place " + std::to_string(hello.place) + ", life " + std::to_string(hello.life);
  out.append("\n").append(indent).append("identity: ");
  if (hello.identity.size != 0) out += std::to_string(hello.identity.size) + " bytes, ";
  out += hex(hello.identity.hash[0]) + hex(hello.identity.hash[1]) + "\n";
  for (size_t i = 0; i < hello.inputs.size(); ++i) {
    out.append(indent).append("input " + std::to_string(i) + ": " + quoted(hello.inputs[i]) + "\n");
  }
  if (hello.fields.are_selected()) {
    out.append(indent).append(hello.fields.complement ? "all fields but " : "fields ");
    out += quoted(hello.fields.list) + "\n";
  }
  if (hello.lines != LineKind::sums) {
    const bool is_each_row = hello.lines == LineKind::text;
    out.append(indent).append(is_each_row ? "a line for each row" : "any lines for a batch");
    out += ", by " + quoted(hello.command) + "\n";
  }
  if (hello.shared.fd >= 0) {
    out.append(indent).append("text in descriptor " + std::to_string(hello.shared.fd));
    if (hello.shared.ring_size != 0) {
      out += ", a ring of " + std::to_string(hello.shared.ring_size) + " bytes";
    }
    out += "\n";
  }
  return out;
}

std::string shown_frame(const StreamParser& stream, bool with_text) {
  const FrameHeader& header = stream.header();
  std::string out = header.type == FrameType::batch ? "batch   " : "result  ";
  out += describe(header.range) + ", input " + std::to_string(header.input) + ", row ";
  out += header.first_row == unknown_row ? "unknown" : std::to_string(header.first_row);
  out += ", rows " + std::to_string(header.rows) + ", text " + std::to_string(header.text);
  if (header.flags & text_is_shared) out += " elsewhere";
  if (header.flags & has_checksum) out += ", checksum " + hex(header.checksum);
  out += "\n";
  if (header.type == FrameType::result) {
    for (const Reject& reject : stream.rejects()) {
      out.append(indent).append("reject: row " + std::to_string(reject.row) + " of these, field ");
      out += std::to_string(reject.field) + " (byte " + std::to_string(reject.offset) + "): ";
      out += printable(reject.reason, reject.reason.size()) + ", in " + quoted(reject.bytes) +
             ", after ";
      out += std::to_string(reject.lines_before) + " bytes of lines\n";
    }
  }
  if (with_text) add_text(out, stream.text());
  return out;
}

std::string shown_header(const StreamParser& stream, bool with_text) {
  const FrameHeader& header = stream.header();
  std::string out = "header  input " + std::to_string(header.input) + ", text ";
  out += std::to_string(header.text) + "\n";
  if (with_text) add_text(out, stream.text());
  return out;
}

std::string shown_chunk(const FrameHeader& header) {
  return "chunk   " + describe(header.range) + ", input " + std::to_string(header.input) +
         ", outline " + (header.flags & wants_checksum ? "and checksum " : "") + "to descriptor " +
         std::to_string(header.where) + "\n";
}

std::string shown_input(const FrameHeader& header) {
  return "input   " + std::to_string(header.input) + " from byte " +
         std::to_string(header.range.begin) + ", in descriptor " + std::to_string(header.where) +
         " of the parent\n";
}

std::string shown_end(const Verdict& verdict) {
  std::string out = "end     ";
  out += verdict.is_complete() ? "complete" : "failed";
  out += " (status " + std::to_string(static_cast<int>(verdict.status)) + ") at byte ";
  return out + std::to_string(verdict.total) + ", rows " + std::to_string(verdict.rows) + "\n";
}

void show(Source source, const Options& options) {
  const auto print = [](const std::string& text) {
    write_all(STDOUT_FILENO, text, "standard output");
  };
  StreamParser stream(source.name(), source.content().value_or(Content::batches));
  for (bool is_over = false; !is_over;) {
    const size_t n = source.read(stream.space());
    stream.filled(n);
    switch (stream.item()) {
      case StreamParser::Item::none:
        break;
      case StreamParser::Item::hello:
        print(shown_hello(stream.hello()));
        stream.next();
        break;
      case StreamParser::Item::frame:
        print(shown_frame(stream, options.text));
        stream.next();
        break;
      case StreamParser::Item::header:
        print(shown_header(stream, options.text));
        stream.next();
        break;
      case StreamParser::Item::chunk:
        print(shown_chunk(stream.header()));
        stream.next();
        break;
      case StreamParser::Item::input:
        print(shown_input(stream.header()));
        stream.next();
        break;
      case StreamParser::Item::end:
        is_over = n == 0;
        if (!is_over) print(shown_end(stream.verdict()));
        break;
    }
  }
}

void show_file(const std::string& path, const Options& options) {
  if (path == "-") return show(Source(STDIN_FILENO, "standard input"), options);
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::no_input, path);
  show(Source(file.get(), path), options);
}

}  // namespace
}  // namespace rowsum

int main(int argc, char** argv) {
  using namespace rowsum;
  return run_program("frame_cat", [&] {
    const auto options = parse_options(argc, argv);
    if (!options) return ExitStatus::complete;
    for (const std::string& stream : options->streams) show_file(stream, *options);
    return ExitStatus::complete;
  });
}
