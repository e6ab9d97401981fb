// SPDX-License-Identifier: MIT
#include "p3_write/result_stream.h"

#include <unistd.h>

#include <utility>

#include "common/base/arguments.h"
#include "common/io/read_write.h"

namespace rowsum {

ResultStream::ResultStream(const std::string& path)
    : output_(path), stream_(output_.fd(), output_.name()) {
  if (::isatty(output_.fd())) {
    throw usage_failure(output_.name() + " is a terminal, and the stream is for p3_write");
  }
  stream_.add_checksums();
}

bool ResultStream::may_be_seen() const {
  return is_pipe_or_socket(output_.fd());  // the reader of the stream may write to a terminal
}

void ResultStream::begin(const Hello& hello) {
  if (std::exchange(has_begun_, true)) return;
  Hello own = hello;
  own.shared = {};
  own.place = own.life = 0;
  stream_.hello(own);
  verdict_.total = hello.begin;
}

void ResultStream::write_header_line(const StreamParser& stream, std::string_view line) {
  if (line.empty() || line == header_line_) return;
  stream_.header(stream.batch().input, line);
  header_line_ = line;
}

uint64_t ResultStream::write(const StreamParser& stream, uint64_t) {
  const std::vector<Reject> rejects = stream.rejects();
  stream_.result(stream.batch(), rejects, stream.text());
  verdict_.total = stream.batch().range.end;
  verdict_.rows += stream.batch().rows;
  rejects_ += rejects.size();
  return rejects.size();
}

ExitStatus ResultStream::commit() {
  if (!has_begun_) {  // there was no stream that knew its input
    Hello unknown;
    unknown.content = Content::results;
    begin(unknown);
  }
  stream_.end(verdict_);
  output_.commit();
  return ExitStatus::complete;
}

void ResultStream::fail(ExitStatus status) noexcept {
  stream_.fail(status, Content::results);
}

}  // namespace rowsum
