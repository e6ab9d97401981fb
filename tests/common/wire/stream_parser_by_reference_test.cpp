// SPDX-License-Identifier: MIT
// Streams by reference: batches, chunks and inputs whose text lies elsewhere, and results whose
// lines do.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "common/wire/stream_parser.h"
#include "tests/support/streams.h"

using namespace rowsum;

namespace {

const std::string hello = hello_frame(hello_of(Content::batches));
const std::string hello_of_results = hello_frame(hello_of(Content::results));

Thrown bad(const std::string& what) {
  return {ExitStatus::bad_data, "in.0: " + what};
}

Thrown ended_early(const std::string& where) {
  return {ExitStatus::neighbour_vanished, "in.0: the stream ended early, " + where};
}

/// The bytes are those of one item.
void feed(StreamParser& stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> space = stream.space();
    const size_t n = std::min(space.size(), bytes.size());
    std::copy_n(bytes.begin(), n, space.begin());
    bytes.remove_prefix(n);
    stream.filled(n);
    if (stream.item() == StreamParser::Item::hello) stream.next();
  }
}
}  // namespace

TEST_CASE("stream parser: a batch by reference has its text elsewhere") {
  const Seen seen = seen_in(hello + batch_frame_shared(batch_of({0, 50})) + end_frame_at(50, 1));
  CHECK(seen.thrown == Thrown());
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].batch == batch_of({0, 50}));
  CHECK(seen.frames[0].text.empty());
}

TEST_CASE("stream parser: chunks are among the batches, wherever, and are no tiles") {
  const std::string first = batch_frame(Range{10, 14}), second = batch_frame(Range{14, 20});
  for (const Range& range : {Range{0, 1}, Range{12, 17}, Range{14, 20}, Range{1000, 1064}}) {
    const std::string chunk = chunk_frame(range, 0, 7);
    const std::string bytes =
        hello + chunk + first + chunk + chunk + second + chunk + end_frame_at(20, 2);
    const Seen seen = seen_in(bytes);
    CHECK(seen.thrown == Thrown());
    CHECK(seen.frames.size() == 2);
    CHECK(seen.chunks == std::vector<Seen::Source>(4, {range, 0, 7}));
    CHECK(seen.verdict == Verdict{ExitStatus::complete, 20, 2});
  }
  CHECK(seen_in(hello + first + chunk_frame({30, 40}, 0, 7)).thrown ==
        ended_early("after byte 14 of the input"));
}

TEST_CASE("stream parser: an input is said among the batches, wherever") {
  for (const uint64_t origin : {0, 4, 1000}) {
    const std::string input = input_frame(0, origin, 7);
    const Seen seen =
        seen_in(hello + input + batch_frame(Range{0, 4}) + input + end_frame_at(4, 1));
    CHECK(seen.thrown == Thrown());
    CHECK(seen.frames.size() == 1);
    CHECK(seen.inputs == std::vector<Seen::Source>(2, {{origin, origin}, 0, 7}));
  }
  CHECK(seen_in(hello_of_results + input_frame(0, 0, 7), Content::results).thrown ==
        bad("a stream of results with another kind of frame in it"));
  CHECK(seen_in(hello + input_frame(1, 0, 7)).thrown ==
        bad("a frame of an input that the hello lacks"));
  FrameHeader header = decode_header(input_frame(0, 0, 7));
  header.text = 1;
  CHECK(seen_in(hello + frame(header)).thrown ==
        bad("a frame longer than its stream allows, bytes 0 to 0"));
}

TEST_CASE("stream parser: a chunk that is refused") {
  CHECK(seen_in(hello_of_results + chunk_frame({0, 4}, 0, 7), Content::results).thrown ==
        bad("a stream of results with another kind of frame in it"));
  CHECK(seen_in(chunk_frame({0, 4}, 0, 7)).thrown == bad("the stream does not begin with a hello"));
  CHECK(seen_in(hello + chunk_frame({4, 4}, 0, 7)).thrown == bad("an empty frame, bytes 4 to 4"));
  CHECK(seen_in(hello + chunk_frame({8, 4}, 0, 7)).thrown == bad("an empty frame, bytes 8 to 4"));
  CHECK(seen_in(hello + chunk_frame({0, 64}, 0, 7) + end_frame_at(0)).thrown == Thrown());
  CHECK(seen_in(hello + chunk_frame({0, 65}, 0, 7)).thrown ==
        bad("a chunk longer than a batch may be, bytes 0 to 65"));
  CHECK(seen_in(hello + chunk_frame({0, 4}, 1, 7)).thrown ==
        bad("a frame of an input that the hello lacks"));
  // Anything that would follow its header is refused before it comes.
  FrameHeader header = decode_header(chunk_frame({0, 4}, 0, 7));
  header.text = 1;
  CHECK(seen_in(hello + frame(header)).thrown ==
        bad("a frame longer than its stream allows, bytes 0 to 4"));
  header.text = 0;
  header.details = 1;
  CHECK(seen_in(hello + frame(header)).thrown ==
        bad("a frame longer than its stream allows, bytes 0 to 4"));
}

TEST_CASE("stream parser: results whose lines are in a ring") {
  const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const OwnedFd file = make_result_ring(page);
  ResultRing worker(file.get()), writer(file.get());
  const auto result = [](uint64_t at, std::string_view lines, uint32_t where, bool is_checked) {
    FrameHeader header = header_of(batch_of({at, at + 2000}));
    header.type = FrameType::result;
    header.flags = text_is_shared;
    header.where = where;
    header.text = lines.size();
    if (is_checked) {
      header.flags |= has_checksum;
      header.checksum = payload_checksum("", lines);
    }
    return frame(header);
  };
  const auto refusal = [&](const std::string& frames) {
    StreamParser stream("in.0", Content::results);
    stream.use_ring(writer);
    return thrown_by([&] { feed(stream, hello_of_results + frames); });
  };
  const std::string lines = std::string(1000, '7') + "\n";

  StreamParser stream("in.0", Content::results);
  stream.use_ring(writer);
  feed(stream, hello_of_results);
  for (uint64_t i = 0; i < 20; ++i) {
    // There is room only because next() gives back what was taken.
    const auto where = worker.put(lines);
    REQUIRE(where);
    feed(stream, result(2000 * i, lines, *where, i % 2 == 0));
    CHECK(stream.text() == lines);
    stream.next();
  }

  worker.put(lines);
  CHECK(refusal(result(0, lines, 0, true)) == Thrown());
  CHECK(refusal(result(0, "7\n", 0, false)) ==
        bad("a result that ends within a line, bytes 0 to 2000"));
  CHECK(refusal(result(0, std::string(1000, '8') + "\n", 0, true)) ==
        bad("a damaged frame (bytes 0 to 2000)"));
  const auto beyond = static_cast<uint32_t>(page);
  CHECK(refusal(result(0, lines, beyond, false)) ==
        bad("a result whose lines are not in the ring, bytes 0 to 2000"));
}

TEST_CASE("stream parser: a result whose lines are elsewhere, where nobody would look") {
  FrameHeader header = header_of(batch_of({0, 4}));
  header.type = FrameType::result;
  header.flags = text_is_shared;
  CHECK(seen_in(hello_of_results + frame(header), Content::results).thrown ==
        bad("a result without its lines"));
}
