#include "common/wire/stream_parser.h"

#include <algorithm>
#include <stdexcept>

#include "common/base/failure.h"

namespace rowsum {

namespace {

const char* frames_of(Content content) {
  return content == Content::batches ? "batches" : "results";
}

FrameType type_of(Content content) {
  return content == Content::batches ? FrameType::batch : FrameType::result;
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
    if (frames_.has_frame()) accept_frame();
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

void StreamParser::next() {
  item_ = Item::none;
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

void StreamParser::accept_frame() {
  const FrameType type = header().type;
  if (!has_hello_ && type != FrameType::hello) refuse("the stream does not begin with a hello");
  if (type == FrameType::hello) {
    accept_hello();
  } else if (type == FrameType::end) {
    accept_end();
  } else if (type == type_of(expected_)) {
    accept_tile();
  } else {
    refuse(std::string("a stream of ") + frames_of(expected_) +
           " with another kind of frame in it");
  }
}

void StreamParser::accept_hello() {
  if (has_hello_) refuse("a second hello in one stream");
  hello_ = decode_hello(frames_.details());
  hello_.begin = header().range.begin;
  if (hello_.content != expected_) {
    refuse(std::string("a stream of ") + frames_of(hello_.content) + " where one of " +
           frames_of(expected_) + " belongs");
  }
  // The end's few bytes of details must pass as well.
  if (expected_ == Content::batches) {
    frames_.limit_payload(std::max<uint64_t>(hello_.largest_text, frame_header_size));
  }
  has_hello_ = true;
  position_ = hello_.begin;
  item_ = Item::hello;
}

void StreamParser::accept_tile() {
  const FrameHeader& frame = header();
  if (frame.range.end <= frame.range.begin) refuse("an empty frame, " + describe(frame.range));
  if (frame.range.begin < position_) {
    refuse(describe(frame.range) + " come twice or out of order (after byte " +
           std::to_string(position_) + ")");
  }
  if (frame.type == FrameType::batch &&
      (frame.text > frame.range.size() || frame.text > hello_.largest_text)) {
    refuse("a batch with more text than it covers, " + describe(frame.range));
  }
  if (frame.flags & is_refused && frame.rows > 1) {
    refuse("a refused batch of several rows, " + describe(frame.range));
  }
  if (frame.type == FrameType::result && frame.flags & text_is_shared) {
    refuse("a result without its lines");
  }
  if (frame.input >= hello_.inputs.size()) refuse("a frame of an input that the hello lacks");
  position_ = frame.range.end;
  item_ = Item::frame;
}

void StreamParser::accept_end() {
  verdict_ = {decode_status(frames_.details()), header().range.end, header().rows};
  if (verdict_.total < position_) refuse("an end that lies before the last frame");
  item_ = Item::end;
}

void StreamParser::refuse(const std::string& what) const {
  throw Failure(ExitStatus::bad_data, name_ + ": " + what);
}

}  // namespace rowsum
