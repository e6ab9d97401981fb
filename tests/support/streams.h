// SPDX-License-Identifier: MIT
// Right and wrong streams as bytes, and what a StreamParser makes of them.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/stream_parser.h"
#include "common/wire/stream_writer.h"
#include "tests/support/thrown.h"

namespace rowsum {

/// The hello of a file whose batches have at most 64 bytes of text.
inline Hello hello_of(Content content) {
  Hello hello;
  hello.content = content;
  hello.identity = {12, {1, 2}};
  hello.inputs = {"in.csv"};
  hello.largest_text = 64;
  return hello;
}

/// A frame of this header and this payload, even if they do not fit each other.
inline std::string frame(const FrameHeader& header, std::string_view payload = "") {
  const auto bytes = encode(header);
  return std::string(bytes.data(), bytes.size()).append(payload);
}

/// A batch of one row, whose text is its whole range.
inline Batch batch_of(const Range& range) {
  return {range, range.size(), 0, 0, 1};
}

inline std::string batch_frame(const Batch& batch, std::string_view text) {
  return frame(header_of(batch), text);
}
inline std::string batch_frame(const Range& range) {
  return batch_frame(batch_of(range), std::string(range.size(), '1'));
}

/// A result of as many rows as it has lines and rejects.
inline std::string result_frame(const Range& range, const std::string& lines,
                                const std::vector<Reject>& rejects = {}) {
  const std::string details = encode(rejects);
  FrameHeader header = header_of(batch_of(range));
  header.rows =
      static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n')) + rejects.size();
  header.type = FrameType::result;
  header.details = details.size();
  header.text = lines.size();
  return frame(header, details + lines);
}

/// The end of a complete stream.
inline std::string end_frame_at(uint64_t total, uint64_t rows = 0) {
  return end_frame({ExitStatus::complete, total, rows});
}

/// Everything that a stream says, up to its end or up to the first thing that is wrong with it.
struct Seen {
  struct Frame {
    Batch batch;
    std::string text;
    std::vector<Reject> rejects;
    bool operator==(const Frame&) const = default;
  };

  /// A chunk or an input: what a worker is to look at.
  struct Source {
    Range range;
    uint32_t input = 0;
    uint32_t where = 0;
    bool operator==(const Source&) const = default;
  };

  /// The header row of an input, or the header line of the output.
  struct Header {
    uint32_t input = 0;
    std::string text;
    bool operator==(const Header&) const = default;
  };

  std::optional<Hello> hello;
  std::vector<Header> headers;
  std::vector<Frame> frames;
  std::vector<Source> chunks;
  std::vector<Source> inputs;
  std::optional<Verdict> verdict;
  Thrown thrown;

  bool operator==(const Seen&) const = default;
};

/// Feeds the bytes to a parser named "in.0", at most `step` at a time, and then their end.
inline Seen seen_in_steps(std::string_view bytes, Content expected, size_t step) {
  StreamParser stream("in.0", expected);
  Seen seen;
  seen.thrown = thrown_by([&] {
    while (true) {
      const std::span<char> space = stream.space();
      REQUIRE_FALSE(space.empty());
      const size_t n = std::min({space.size(), step, bytes.size()});
      std::copy_n(bytes.begin(), n, space.begin());
      bytes.remove_prefix(n);
      stream.filled(n);
      if (n == 0) return;
      if (stream.item() == StreamParser::Item::hello) {
        seen.hello = stream.hello();
        stream.next();
      } else if (stream.item() == StreamParser::Item::frame) {
        seen.frames.push_back(
            {stream.batch(), std::string(stream.text()),
             expected == Content::results ? stream.rejects() : std::vector<Reject>()});
        stream.next();
      } else if (stream.item() == StreamParser::Item::header) {
        seen.headers.push_back({stream.header().input, std::string(stream.text())});
        stream.next();
      } else if (stream.item() == StreamParser::Item::chunk ||
                 stream.item() == StreamParser::Item::input) {
        const FrameHeader& header = stream.header();
        auto& sources = stream.item() == StreamParser::Item::chunk ? seen.chunks : seen.inputs;
        sources.push_back({header.range, header.input, header.where});
        stream.next();
      } else if (stream.item() == StreamParser::Item::end) {
        seen.verdict = stream.verdict();
      }
    }
  });
  return seen;
}

/// The same, with the bytes fed as a whole and one by one. Both must have the same effect.
inline Seen seen_in(std::string_view bytes, Content expected = Content::batches) {
  const Seen whole = seen_in_steps(bytes, expected, SIZE_MAX);
  CHECK(seen_in_steps(bytes, expected, 1) == whole);
  return whole;
}

}  // namespace rowsum
