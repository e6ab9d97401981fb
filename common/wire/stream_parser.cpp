// SPDX-License-Identifier: MIT
#include "common/wire/stream_parser.h"

#include <algorithm>
#include <stdexcept>

#include "common/base/failure.h"
#include "common/wire/count_lines.h"

namespace rowsum {

namespace {

const char* frames_of(Content content) {
  return content == Content::batches ? "batches" : "results";
}

FrameType type_of(Content content) {
  return content == Content::batches ? FrameType::batch : FrameType::result;
}

/// The most bytes of details and lines that can answer a batch of `rows` rows and `text` bytes. A
/// sum is never longer than its row. So a line has at most 22 bytes more than its row: an index of
/// 20 digits, a comma and LF. A reject has 48 bytes, its reason and its row. Lines that are no sums
/// may be of any length.
uint64_t largest_result(uint64_t rows, uint64_t text, LineKind lines) {
  const uint64_t with_rejects = 9 + (48 + reject_reason_limit) * rows + text;
  return lines == LineKind::sums ? with_rejects : with_rejects + largest_answer;
}

}  // namespace

StreamParser::StreamParser(std::string name, Content expected)
    : name_(std::move(name)), expected_(expected) {}

std::span<char> StreamParser::space() {
  if (item_ == Item::end) return {&surplus_, 1};
  return frames_.space();
}

void StreamParser::filled(size_t bytes) {
  if (bytes == 0) {
    if (item_ == Item::end) return;
    const std::string where = !has_hello_
                                  ? "before it began"
                                  : "after byte " + std::to_string(position_) + " of the input";
    throw Failure(ExitStatus::neighbour_vanished, name_ + ": the stream ended early, " + where);
  }
  if (item_ == Item::end) refuse("more bytes after the end of the stream");
  try {
    frames_.filled(bytes);
    if (frames_.has_header()) check_header();
    if (frames_.has_frame()) accept_frame();
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

void StreamParser::next() {
  item_ = Item::none;
  if (lines_) ring_->taken(header().where, header().text);
  lines_.reset();
  frames_.drop_frame();
}

Batch StreamParser::batch() const {
  const FrameHeader& frame = header();
  return {frame.range, frame.text, frame.input, frame.first_row, frame.rows};
}

std::vector<Reject> StreamParser::rejects() const {
  try {
    return decode_rejects(frames_.details());
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

/// Checks what the header shows by itself. Called again for each piece of its payload.
void StreamParser::check_header() const {
  const FrameHeader& frame = header();
  const bool is_hello = frame.type == FrameType::hello;
  if (!has_hello_ && !is_hello) refuse("the stream does not begin with a hello");
  if (has_hello_ && is_hello) refuse("a second hello in one stream");
  if (frame.type == FrameType::chunk) check_chunk();
  if (frame.type == FrameType::input) check_input();
  if (frame.type == FrameType::header) check_input_number();
  if (frame.type == FrameType::batch || frame.type == FrameType::result) check_tile();
  if (frame.payload_size() > largest_payload()) {
    refuse("a frame longer than its stream allows, " + describe(frame.range));
  }
}

/// An input or a chunk says what a worker is to look at, and is no tile: it may lie anywhere.
void StreamParser::check_input() const {
  if (expected_ != Content::batches) refuse_other_kind();
  check_input_number();
}

void StreamParser::check_input_number() const {
  if (header().input >= hello_.inputs.size()) refuse("a frame of an input that the hello lacks");
}

void StreamParser::check_chunk() const {
  check_input();
  const FrameHeader& frame = header();
  if (frame.range.end <= frame.range.begin) refuse("an empty frame, " + describe(frame.range));
  if (frame.range.size() > hello_.largest_text) {
    refuse("a chunk longer than a batch may be, " + describe(frame.range));
  }
}

void StreamParser::check_tile() const {
  const FrameHeader& frame = header();
  if (frame.type != type_of(expected_)) refuse_other_kind();
  if (frame.range.end <= frame.range.begin) refuse("an empty frame, " + describe(frame.range));
  if (frame.range.begin < position_) {
    refuse(describe(frame.range) + " come twice or out of order (after byte " +
           std::to_string(position_) + ")");
  }
  const uint64_t largest_text = std::min(frame.range.size(), hello_.largest_text);
  if (frame.type == FrameType::batch && frame.text > largest_text) {
    refuse("a batch with more text than it covers, " + describe(frame.range));
  }
  if (frame.rows > largest_text) refuse("more rows than bytes, " + describe(frame.range));
  if (frame.flags & is_refused && frame.rows > 1) {
    refuse("a refused batch of several rows, " + describe(frame.range));
  }
  if (frame.type == FrameType::result && frame.flags & text_is_shared && !ring_) {
    refuse("a result without its lines");
  }
  check_input_number();
}

/// The most bytes that can follow this header (FORMAT.md, "Limits").
uint64_t StreamParser::largest_payload() const {
  const FrameHeader& frame = header();
  if (frame.type == FrameType::hello) return UINT64_MAX;
  if (frame.type == FrameType::end) return 5;  // a byte order and a status
  if (frame.type == FrameType::chunk || frame.type == FrameType::input) return 0;
  if (frame.type == FrameType::header) {
    return expected_ == Content::batches ? hello_.largest_text : largest_answer;
  }
  // The text of the batch, or of the batch that is answered.
  const uint64_t text = std::min({frame.range.size(), hello_.largest_text, part_limit});
  return frame.type == FrameType::batch ? text : largest_result(frame.rows, text, hello_.lines);
}

void StreamParser::accept_frame() {
  switch (header().type) {
    case FrameType::hello:
      return accept_hello();
    case FrameType::end:
      return accept_end();
    case FrameType::chunk:
      item_ = Item::chunk;
      return;
    case FrameType::input:
      item_ = Item::input;
      return;
    case FrameType::header:
      if (expected_ == Content::results) check_header_line();
      item_ = Item::header;
      return;
    case FrameType::result:
      find_lines();
      check_answer();
      [[fallthrough]];
    case FrameType::batch:
      position_ = header().range.end;
      item_ = Item::frame;
  }
}

void StreamParser::accept_hello() {
  hello_ = decode_hello(frames_.details());
  hello_.begin = header().range.begin;
  hello_.end = header().range.end;
  hello_.results = header().where;
  hello_.part = {header().first_row, header().rows};
  if (hello_.part.number > hello_.part.of) refuse("a hello of no part that there can be");
  if (hello_.content != expected_) {
    refuse(std::string("a stream of ") + frames_of(hello_.content) + " where one of " +
           frames_of(expected_) + " belongs");
  }
  has_hello_ = true;
  position_ = hello_.begin;
  item_ = Item::hello;
}

void StreamParser::accept_end() {
  verdict_ = {decode_status(frames_.details()), header().range.end, header().rows};
  if (verdict_.total < position_) refuse("an end that lies before the last frame");
  item_ = Item::end;
}

void StreamParser::find_lines() {
  if (!(header().flags & text_is_shared)) return;
  lines_ = ring_->at(header().where, header().text);
  if (!lines_) refuse("a result whose lines are not in the ring, " + describe(header().range));
  const auto details = frames_.details();
  if (header().flags & has_checksum &&
      payload_checksum({details.data(), details.size()}, *lines_) != header().checksum) {
    refuse("a damaged frame (" + describe(header().range) + ")");
  }
}

void StreamParser::check_header_line() const {
  if (!text().ends_with('\n') || count_lines(text()) != 1) {
    refuse("a header line that is not one line");
  }
}

/// Checks that a result has a line or a reject for each row of its batch.
void StreamParser::check_answer() const {
  const FrameHeader& frame = header();
  if (hello_.lines != LineKind::any && !text().empty() && !text().ends_with('\n')) {
    refuse("a result that ends within a line, " + describe(frame.range));
  }
  const uint64_t lines = count_lines(text());
  const uint64_t rejects = count_rejects(frames_.details());
  if (hello_.lines != LineKind::any && lines + rejects != frame.rows) {
    refuse(describe(frame.range) + " hold " + std::to_string(frame.rows) +
           " rows, and their result has " + std::to_string(lines) + " lines and " +
           std::to_string(rejects) + " rejects");
  }
}

void StreamParser::refuse_other_kind() const {
  refuse(std::string("a stream of ") + frames_of(expected_) + " with another kind of frame in it");
}

void StreamParser::refuse(const std::string& what) const {
  throw Failure(ExitStatus::bad_data, name_ + ": " + what);
}

}  // namespace rowsum
