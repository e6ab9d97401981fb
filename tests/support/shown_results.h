// SPDX-License-Identifier: MIT
// Results, as p3_write sees them in a stream.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/streams.h"

namespace rowsum {

/// A result as a worker sends it.
struct Result {
  Batch batch;
  std::string lines;
  std::vector<Reject> rejects;
};

/// A stream that shows one result after another.
class Source {
 public:
  explicit Source(LineKind lines = LineKind::sums) : stream_("out.0", Content::results) {
    Hello hello = hello_of(Content::results);
    hello.inputs = {"in.csv", "second.csv", "third.csv"};
    hello.lines = lines;
    feed(hello_frame(hello));
    stream_.next();
  }

  const StreamParser& show(const Result& result) {
    FrameHeader header = header_of(result.batch);
    header.type = FrameType::result;
    const std::string details = encode(result.rejects);
    header.details = details.size();
    header.text = result.lines.size();
    feed(frame(header, details + result.lines));
    REQUIRE(stream_.item() == StreamParser::Item::frame);
    return stream_;
  }
  void next() { stream_.next(); }

 private:
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> space = stream_.space();
      const size_t n = std::min(space.size(), bytes.size());
      std::copy_n(bytes.begin(), n, space.begin());
      bytes.remove_prefix(n);
      stream_.filled(n);
    }
  }

  StreamParser stream_;
};

}  // namespace rowsum
