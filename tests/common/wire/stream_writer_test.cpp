// SPDX-License-Identifier: MIT
#include "common/wire/stream_writer.h"

#include <doctest/doctest.h>

#include "tests/support/files.h"
#include "tests/support/interruptions.h"
#include "tests/support/pipes.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

/// Returns what `use` writes with a StreamWriter to a pipe.
template <typename Use>
std::string written(Use use) {
  CollectedPipe pipe;
  StreamWriter writer(pipe.in(), "out");
  use(writer);
  return pipe.end();
}

void write_batches(StreamWriter& writer) {
  writer.hello(hello_of(Content::batches));
  writer.batch({{0, 7}, 4, 0, 0, 1}, "1,2\n");
  writer.batch({{7, 11}, 4, 0, unknown_row, 1}, "3,4\n");
  writer.end({ExitStatus::complete, 11, 2});
}

}  // namespace

TEST_CASE("stream writer: batches, as a parser reads them") {
  const Seen seen = seen_in(written(write_batches));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello_of(Content::batches));
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0] == Seen::Frame{{{0, 7}, 4, 0, 0, 1}, "1,2\n", {}});
  CHECK(seen.frames[1] == Seen::Frame{{{7, 11}, 4, 0, unknown_row, 1}, "3,4\n", {}});
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 11, 2});
}

TEST_CASE(
    "stream writer: batches of a file, and what it lacks filled up before the failure is said") {
  const TemporaryDirectory directory;
  write_file(directory.file("in.csv"), "1,2\n3,4\n5");
  const OwnedFd file = open_file(directory.file("in.csv"), O_RDONLY);
  const Seen seen = seen_in(written([&](StreamWriter& writer) {
    writer.hello(hello_of(Content::batches));
    writer.batch_from_file(batch_of({4, 8}), file.get(), "in.csv");
    CHECK(thrown_by([&] {
            writer.batch_from_file(batch_of({8, 12}), file.get(), "in.csv");
          }) == Thrown{ExitStatus::io, "in.csv: it shrank while it was read"});
    writer.fail(ExitStatus::io, Content::batches);
  }));
  CHECK(seen.thrown == Thrown());
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].text == "3,4\n");
  CHECK(seen.frames[1].text == std::string("5\0\0\0", 4));
  CHECK(seen.verdict == Verdict{ExitStatus::io, 12, 0});
}

TEST_CASE("stream writer: lines go into a ring as long as it has room") {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const OwnedFd file = make_result_ring(page);
  ResultRing ring(file.get());
  const std::string lines = std::string(page - 1, '5') + "\n";
  const std::string bytes = written([&](StreamWriter& writer) {
    writer.use_ring(ring);
    writer.hello(hello_of(Content::results));
    writer.result({{0, 4}, 4, 0, 5, 1}, {}, lines);
    writer.result({{4, 8}, 4, 0, 6, 1}, {}, "");
    writer.result({{8, 12}, 4, 0, 7, 1}, {}, "5\n");
  });
  FrameHeader first = header_of(Batch{{0, 4}, 4, 0, 5, 1});
  first.type = FrameType::result;
  FrameHeader empty = header_of(Batch{{4, 8}, 4, 0, 6, 1}), last = first;
  empty.type = FrameType::result;
  last.range = {8, 12};
  last.first_row = 7;
  first.flags = text_is_shared;
  first.text = lines.size();
  empty.text = 0;
  last.text = 2;
  CHECK(bytes ==
        hello_frame(hello_of(Content::results)) + frame(first) + frame(empty) + frame(last, "5\n"));
  CHECK(ring.at(0, page) == lines);
}

TEST_CASE("stream writer: results, as a parser reads them") {
  const std::vector<Reject> rejects = {{0, 1, 0, 0, "x", "x\n"}};
  const std::string bytes = written([&](StreamWriter& writer) {
    writer.hello(hello_of(Content::results));
    writer.result({{0, 4}, 4, 0, 5, 1}, {}, "5,3\n");
    writer.result({{4, 8}, 4, 0, 6, 1}, rejects, "");
    writer.end({ExitStatus::complete, 8, 2});
  });
  const Seen seen = seen_in(bytes, Content::results);
  CHECK(seen.thrown == Thrown());
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0] == Seen::Frame{{{0, 4}, 4, 0, 5, 1}, "5,3\n", {}});
  CHECK(seen.frames[1] == Seen::Frame{{{4, 8}, 0, 0, 6, 1}, "", rejects});
}

TEST_CASE("stream writer: a chunk and an input, as a parser reads them") {
  const auto check = [](const std::string& bytes, FrameType type, const Range& range) {
    CHECK(bytes.size() == frame_header_size);
    const FrameHeader header = decode_header(bytes);
    CHECK(header.type == type);
    CHECK(header.range == range);
    CHECK(header.input == 3);
    CHECK(header.where == 77);
    CHECK(header.payload_size() == 0);
  };
  check(chunk_frame({5, 12}, 3, 77), FrameType::chunk, {5, 12});
  check(chunk_frame({5, 12}, 3, 77, wants_checksum), FrameType::chunk, {5, 12});
  CHECK(decode_header(chunk_frame({5, 12}, 3, 77)).flags == 0);
  CHECK(decode_header(chunk_frame({5, 12}, 3, 77, wants_checksum)).flags == wants_checksum);
  check(input_frame(3, 5, 77), FrameType::input, {5, 5});
}

TEST_CASE("stream writer: headers, as a parser reads them") {
  for (const Content content : {Content::batches, Content::results}) {
    const std::string bytes = written([&](StreamWriter& writer) {
      writer.hello(hello_of(content));
      writer.header(0, "a,b\n");
      if (content == Content::batches) writer.batch(batch_of({4, 8}), "1,2\n");
      if (content == Content::results) writer.result(batch_of({4, 8}), {}, "0,3\n");
      writer.header(0, "c\n");
      writer.fail(ExitStatus::io, content);
    });
    const Seen seen = seen_in(bytes, content);
    CHECK(seen.thrown == Thrown());
    CHECK(seen.headers == std::vector<Seen::Header>{{0, "a,b\n"}, {0, "c\n"}});
    CHECK(seen.frames.size() == 1);
    // A header is no tile: the stream ends where the batch has ended.
    CHECK(seen.verdict == Verdict{ExitStatus::io, 8, 0});
  }
}

TEST_CASE("stream writer: a header has a checksum, and nothing that it does not use") {
  const std::string bytes = header_frame(7, "a,b\n");
  FrameHeader expected;
  expected.type = FrameType::header;
  expected.flags = has_checksum;
  expected.input = 7;
  expected.text = 4;
  expected.checksum = payload_checksum("", "a,b\n");
  CHECK(bytes == frame(expected, "a,b\n"));
}

TEST_CASE("stream writer: checksums of payloads on disk, and none on a pipe") {
  TemporaryDirectory directory;
  const OwnedFd file = open_file(directory.file("stream"));
  StreamWriter writer(file.get(), "stream");
  write_batches(writer);
  const std::string on_disk = contents_of(directory.file("stream"));
  const std::string on_pipe = written(write_batches);
  CHECK(seen_in(on_disk) == seen_in(on_pipe));

  const size_t first = hello_frame(hello_of(Content::batches)).size();
  const FrameHeader with = decode_header(std::string_view(on_disk).substr(first, 80));
  const FrameHeader without = decode_header(std::string_view(on_pipe).substr(first, 80));
  CHECK(with.flags == has_checksum);
  CHECK(with.checksum != 0);
  CHECK(without.flags == 0);
  CHECK(without.checksum == 0);
}

TEST_CASE("stream writer: a failure before the first frame brings its own hello") {
  const std::string bytes =
      written([](StreamWriter& writer) { writer.fail(ExitStatus::no_input, Content::results); });
  const Seen seen = seen_in(bytes, Content::results);
  CHECK(seen.thrown == Thrown());
  REQUIRE(seen.hello);
  CHECK(seen.hello->inputs.empty());
  CHECK(seen.verdict == Verdict{ExitStatus::no_input, 0, 0});
}

TEST_CASE("stream writer: a failure in the middle ends where the last frame did") {
  const Seen seen = seen_in(written([](StreamWriter& writer) {
    writer.hello(hello_of(Content::batches));
    writer.batch(batch_of({0, 4}), "1,2\n");
    writer.fail(ExitStatus::bad_data, Content::batches);
    writer.fail(ExitStatus::io, Content::batches);  // a second call does nothing
  }));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.frames.size() == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::bad_data, 4, 0});
}

TEST_CASE("stream writer: a failure right after a hello ends where the first tile begins") {
  Hello part = hello_of(Content::batches);
  part.begin = 100;
  const Seen seen = seen_in(written([&](StreamWriter& writer) {
    writer.hello(part);
    writer.fail(ExitStatus::bad_data, Content::batches);
  }));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.verdict == Verdict{ExitStatus::bad_data, 100, 0});
}

TEST_CASE("stream writer: a failure after the end says nothing") {
  const std::string bytes = written([](StreamWriter& writer) {
    write_batches(writer);
    writer.fail(ExitStatus::io, Content::batches);
  });
  CHECK(bytes == written(write_batches));
}

TEST_CASE("stream writer: nobody reads") {
  const IgnoredSigpipe ignored;
  Pipe pipe;
  pipe.out.close();
  StreamWriter writer(pipe.in.get(), "out");
  CHECK(thrown_by([&] { writer.hello(hello_of(Content::batches)); }) ==
        Thrown{ExitStatus::downstream_closed, ""});
}

TEST_CASE("stream writer: after a write that failed there is no end to be written") {
  const OwnedFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  StreamWriter writer(full.get(), "part.3");
  CHECK(thrown_by([&] { writer.hello(hello_of(Content::batches)); }) ==
        Thrown{ExitStatus::io, "part.3: No space left on device"});
  // /dev/full would refuse this as well if the writer tried it.
  CHECK(thrown_by([&] { writer.fail(ExitStatus::io, Content::batches); }) == Thrown());
}
