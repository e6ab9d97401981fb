// SPDX-License-Identifier: MIT
// The stream parser: it accepts what FORMAT.md allows, however the bytes arrive, and notices when a
// stream is shortened or lengthened. An input is the bytes of a stream.
#include <algorithm>
#include <optional>
#include <vector>

#include "common/base/failure.h"
#include "common/wire/stream_parser.h"
#include "common/wire/stream_writer.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

struct Frame {
  Batch batch;
  std::string text;
  std::vector<Reject> rejects;
  bool is_shared = false;  // the text does not follow its header
  bool operator==(const Frame&) const = default;
};

/// A frame that is no tile: a chunk, an input or a header.
struct Aside {
  FrameType type = FrameType::chunk;
  Range range;
  uint32_t input = 0;
  uint32_t where = 0;
  std::string text;   // of a header
  size_t frames = 0;  // so many come before it
  bool operator==(const Aside&) const = default;
};

/// Everything that a stream says, up to its end or up to the first thing that is wrong with it.
struct Seen {
  std::optional<Hello> hello;
  std::vector<Frame> frames;
  std::vector<Aside> asides;
  std::optional<Verdict> verdict;
  ExitStatus status = ExitStatus::complete;
  std::string message;
  bool operator==(const Seen&) const = default;
};

std::string describe(const Seen& seen) {
  return (seen.hello ? "hello, " : "no hello, ") + std::to_string(seen.frames.size()) +
         " frames, " + std::to_string(seen.asides.size()) + " others, " +
         (seen.verdict ? "an end" : "no end") + (seen.message.empty() ? "" : ": " + seen.message);
}

Seen seen_in(std::string_view bytes, Content content, Pieces pieces) {
  Seen seen;
  StreamParser stream("in.0", content);
  try {
    while (true) {
      const std::span<char> space = stream.space();
      require(!space.empty(), "there is space until the bytes end");
      const size_t n = std::min({space.size(), bytes.size(), pieces.next()});
      std::copy_n(bytes.begin(), n, space.begin());
      bytes.remove_prefix(n);
      stream.filled(n);
      if (n == 0) return seen;
      if (stream.item() == StreamParser::Item::hello) {
        seen.hello = stream.hello();
        stream.next();
      } else if (stream.item() == StreamParser::Item::frame) {
        Frame frame{stream.batch(), std::string(stream.text()), {}, false};
        frame.is_shared = stream.header().flags & text_is_shared;
        if (content == Content::results) frame.rejects = stream.rejects();
        seen.frames.push_back(frame);
        stream.next();
      } else if (stream.item() == StreamParser::Item::chunk ||
                 stream.item() == StreamParser::Item::input ||
                 stream.item() == StreamParser::Item::header) {
        const FrameHeader& header = stream.header();
        Aside aside{header.type, header.range, header.input, header.where, "", seen.frames.size()};
        // The end of an input is not looked at, and of a header neither range nor `where`.
        if (header.type == FrameType::input) aside.range.end = header.range.begin;
        if (header.type == FrameType::header) {
          aside = {header.type, {}, header.input, 0, std::string(stream.text()), aside.frames};
        }
        seen.asides.push_back(aside);
        stream.next();
      } else if (stream.item() == StreamParser::Item::end) {
        seen.verdict = stream.verdict();
      }
    }
  } catch (const Failure& failure) {
    seen.status = failure.status();
    seen.message = failure.what();
  }
  return seen;
}

/// Checks the table "What a reader refuses", as far as it is about one stream, for a stream that
/// was accepted.
void check_rules(const Seen& seen, Content content) {
  require(!seen.verdict || seen.hello, "no end without a hello");
  require((seen.frames.empty() && seen.asides.empty()) || seen.hello, "no frame without a hello");
  if (!seen.hello) return;
  require(seen.hello->content == content, "the content that belongs");
  uint64_t position = seen.hello->begin;
  for (const Frame& frame : seen.frames) {
    const Batch& batch = frame.batch;
    require(position <= batch.range.begin && batch.range.begin < batch.range.end,
            "tiles are in order and not empty");
    require(batch.input < seen.hello->inputs.size(), "an input that has a name");
    require(frame.is_shared || frame.text.size() == batch.text, "the text is all there");
    const uint64_t largest_text = std::min(batch.range.size(), seen.hello->largest_text);
    require(batch.rows <= largest_text, "a row has a byte");
    if (content == Content::batches) {
      require(batch.text <= largest_text, "the text of a batch is no longer than may be");
    } else {
      require(!frame.is_shared, "lines follow their header");
      const auto lines = std::count(frame.text.begin(), frame.text.end(), '\n');
      const uint64_t answered = static_cast<uint64_t>(lines) + frame.rejects.size();
      const bool are_any = seen.hello->lines == LineKind::any;
      require(are_any || answered == batch.rows, "each row is answered");
      require(are_any || frame.text.empty() || frame.text.back() == '\n', "lines are whole");
      const uint64_t details = encode(frame.rejects).size();
      const uint64_t more = seen.hello->lines == LineKind::sums ? 0 : largest_answer;
      require(
          details + batch.text <= 9 + (48 + reject_reason_limit) * batch.rows + largest_text + more,
          "an answer is no longer than may be");
    }
    position = batch.range.end;
  }
  require(!seen.verdict || position <= seen.verdict->total, "the end comes last");
  for (const Aside& aside : seen.asides) {
    require(aside.input < seen.hello->inputs.size(), "an input that has a name");
    if (aside.type == FrameType::header) {
      const bool is_row = content == Content::batches;
      require(aside.text.size() <= (is_row ? seen.hello->largest_text : largest_answer),
              "a header is no longer than may be");
      require(is_row || (std::count(aside.text.begin(), aside.text.end(), '\n') == 1 &&
                         aside.text.back() == '\n'),
              "a header line is one line");
      continue;
    }
    require(content == Content::batches, "chunks and inputs are among batches");
    if (aside.type == FrameType::input) continue;
    require(aside.range.begin < aside.range.end, "a chunk is not empty");
    require(aside.range.size() <= seen.hello->largest_text, "a chunk is no longer than may be");
  }
}

/// The stream as a StreamWriter writes it.
std::string written(const Seen& seen) {
  std::string bytes = hello_frame(*seen.hello);
  auto aside = seen.asides.begin();
  const auto add_asides = [&](size_t frames) {
    for (; aside != seen.asides.end() && aside->frames == frames; ++aside) {
      const int where = static_cast<int>(aside->where);
      if (aside->type == FrameType::chunk) {
        bytes += chunk_frame(aside->range, aside->input, where);
      } else if (aside->type == FrameType::input) {
        bytes += input_frame(aside->input, aside->range.begin, where);
      } else {
        bytes += header_frame(aside->input, aside->text);
      }
    }
  };
  for (size_t i = 0; i < seen.frames.size(); ++i) {
    const Frame& frame = seen.frames[i];
    add_asides(i);
    if (frame.is_shared) {
      bytes += batch_frame_shared(frame.batch);
      continue;
    }
    FrameHeader header = header_of(frame.batch);
    if (seen.hello->content == Content::results) header.type = FrameType::result;
    const std::string details = encode(frame.rejects);
    header.details = details.size();
    const auto header_bytes = encode(header);
    bytes.append(header_bytes.data(), header_bytes.size()).append(details).append(frame.text);
  }
  add_asides(seen.frames.size());
  return bytes + end_frame(*seen.verdict);
}

void check(std::string_view bytes, Content content) {
  const Seen seen = seen_in(bytes, content, Pieces(SIZE_MAX));
  require_same(seen_in(bytes, content, Pieces(1)), seen, "byte by byte");
  require_same(seen_in(bytes, content, Pieces(100, 1)), seen, "in pieces");
  check_rules(seen, content);
  if (seen.status != ExitStatus::complete) {
    require(seen.status == ExitStatus::bad_data || seen.status == ExitStatus::neighbour_vanished,
            "a wrong stream is wrong, or was cut");
    require(seen.message.starts_with("in.0: "), "a failure names the stream");
    return;
  }
  require(seen.verdict.has_value(), "only an end ends a stream");
  require_same(seen_in(written(seen), content, Pieces(SIZE_MAX)), seen, "written again");
  const Seen cut = seen_in(bytes.substr(0, bytes.size() - 1), content, Pieces(SIZE_MAX));
  require(cut.status == ExitStatus::neighbour_vanished, "a byte less is seen");
  const Seen longer = seen_in(std::string(bytes) + '\0', content, Pieces(SIZE_MAX));
  require(longer.status == ExitStatus::bad_data, "a byte more is seen");
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  const std::string_view bytes = Choices(data, size).rest();
  check(bytes, Content::batches);
  check(bytes, Content::results);
  return 0;
}
