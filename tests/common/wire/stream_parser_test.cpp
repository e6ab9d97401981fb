// SPDX-License-Identifier: MIT
#include "common/wire/stream_parser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "tests/support/files.h"
#include "tests/support/hex.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

const std::string hello = hello_frame(hello_of(Content::batches));
const std::string hello_of_results = hello_frame(hello_of(Content::results));

const Reject a_reject{0, 2, 6, 4, "x", "3,x\n"};

/// Two batches of 12 bytes of input.
std::string batches() {
  return hello + batch_frame(batch_of({0, 4}), "1,2\n") +
         batch_frame(batch_of({4, 12}), "3,x\n5,6\n") + end_frame_at(12, 2);
}

std::string results() {
  return hello_of_results + result_frame({0, 4}, "0,3\n") +
         result_frame({4, 12}, "2,11\n", {a_reject}) + end_frame_at(12, 2);
}

/// The same in a file on disk, where payloads have checksums.
std::string on_disk(Content content) {
  TemporaryDirectory directory;
  const OwnedFd file = open_file(directory.file("stream"));
  StreamWriter writer(file.get(), "stream");
  writer.hello(hello_of(content));
  if (content == Content::batches) {
    writer.batch(batch_of({0, 4}), "1,2\n");
    writer.batch(batch_of({4, 12}), "3,x\n5,6\n");
  } else {
    writer.result(batch_of({0, 4}), {}, "0,3\n");
    writer.result({{4, 12}, 8, 0, 0, 2}, {a_reject}, "2,11\n");
  }
  writer.end({ExitStatus::complete, 12, 2});
  return contents_of(directory.file("stream"));
}

Thrown bad(const std::string& what) {
  return {ExitStatus::bad_data, "in.0: " + what};
}

Thrown ended_early(const std::string& where) {
  return {ExitStatus::neighbour_vanished, "in.0: the stream ended early, " + where};
}

/// Where each frame begins, and where the last one ends.
std::vector<size_t> borders_of(const std::string& stream) {
  std::vector<size_t> borders = {0};
  while (borders.back() < stream.size()) {
    const std::string_view header = std::string_view(stream).substr(borders.back(), 80);
    borders.push_back(borders.back() + 80 + decode_header(header).payload_size());
  }
  return borders;
}

}  // namespace

TEST_CASE("stream parser: batches") {
  const Seen seen = seen_in(batches());
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello_of(Content::batches));
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0] == Seen::Frame{{{0, 4}, 4, 0, 0, 1}, "1,2\n", {}});
  CHECK(seen.frames[1] == Seen::Frame{{{4, 12}, 8, 0, 0, 1}, "3,x\n5,6\n", {}});
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 12, 2});
}

TEST_CASE("stream parser: results") {
  const Seen seen = seen_in(results(), Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello_of(Content::results));
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].text == "0,3\n");
  CHECK(seen.frames[0].rejects.empty());
  CHECK(seen.frames[1].text == "2,11\n");
  CHECK(seen.frames[1].rejects == std::vector{a_reject});
}

TEST_CASE("stream parser: a stream on disk says the same") {
  CHECK(seen_in(on_disk(Content::batches)) == seen_in(batches()));
  CHECK(seen_in(on_disk(Content::results), Content::results) ==
        seen_in(results(), Content::results));
}

TEST_CASE("stream parser: no batch at all") {
  const Seen seen = seen_in(hello + end_frame_at(0));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.verdict == Verdict{});
}

TEST_CASE("stream parser: an end carries any verdict") {
  const Seen seen = seen_in(hello + end_frame({ExitStatus::io, 7, 3}));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.verdict == Verdict{ExitStatus::io, 7, 3});
}

TEST_CASE("stream parser: gaps are for the merger, who sees the other streams") {
  const Seen seen =
      seen_in(hello + batch_frame(Range{2, 4}) + batch_frame(Range{8, 9}) + end_frame_at(20));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.frames.size() == 2);
}

TEST_CASE("stream parser: the first tile need not begin at 0") {
  Hello part = hello_of(Content::batches);
  part.begin = 100;
  const Seen seen = seen_in(hello_frame(part) + batch_frame(Range{100, 110}) + end_frame_at(110));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == part);
  CHECK(seen_in(hello_frame(part) + batch_frame(Range{99, 110})).thrown ==
        bad("bytes 99 to 110 come twice or out of order (after byte 100)"));
  CHECK(seen_in(hello_frame(part)).thrown == ended_early("after byte 100 of the input"));
}

TEST_CASE("stream parser: nothing at all") {
  CHECK(seen_in("").thrown == ended_early("before it began"));
}

TEST_CASE("stream parser: not a stream") {
  const Thrown refused = bad("not a stream of batches or results");
  CHECK(seen_in(std::string(100, '1')).thrown == refused);
  CHECK(seen_in(std::string(100, '\0')).thrown == refused);
  CHECK(seen_in("1,2,3\n4,5,6\n").thrown == refused);
  CHECK(seen_in("1,2").thrown == ended_early("before it began"));  // too short to show what it is
  CHECK(seen_in("\x8fXYZ" + hello.substr(4)).thrown == refused);
}

TEST_CASE("stream parser: another version") {
  std::string other = batches();
  other[4] = 1;
  CHECK(seen_in(other).thrown == bad("format version 1; this program reads version 2"));
}

TEST_CASE("stream parser: damage to any byte of any header") {
  for (const Content content : {Content::batches, Content::results}) {
    const std::string good = content == Content::batches ? batches() : results();
    const std::vector<size_t> borders = borders_of(good);
    REQUIRE(borders.size() == 5);
    for (size_t i = 0; i + 1 < borders.size(); ++i) {
      for (size_t at = borders[i]; at < borders[i] + frame_header_size; ++at) {
        CAPTURE(at);
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const Seen seen = seen_in(damaged, content);
        CHECK(seen.thrown.status == ExitStatus::bad_data);
        CHECK(seen.frames.size() == (i < 2 ? 0 : i - 1));  // the frames before it are good
      }
    }
  }
}

TEST_CASE("stream parser: cut anywhere, it ends early") {
  for (const Content content : {Content::batches, Content::results}) {
    const std::string good = content == Content::batches ? batches() : results();
    const std::vector<size_t> borders = borders_of(good);
    for (size_t size = 0; size < good.size(); ++size) {
      CAPTURE(size);
      const Thrown thrown = seen_in(good.substr(0, size), content).thrown;
      CHECK(thrown == ended_early(size < borders[1]   ? "before it began"
                                  : size < borders[2] ? "after byte 0 of the input"
                                  : size < borders[3] ? "after byte 4 of the input"
                                                      : "after byte 12 of the input"));
    }
  }
}

TEST_CASE("stream parser: damage to any byte of a payload with a checksum") {
  for (const Content content : {Content::batches, Content::results}) {
    const std::string good = on_disk(content);
    const std::vector<size_t> borders = borders_of(good);
    for (const size_t i : {1, 2}) {
      for (size_t at = borders[i] + frame_header_size; at < borders[i + 1]; ++at) {
        CAPTURE(at);
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        CHECK(seen_in(damaged, content).thrown ==
              bad(i == 1 ? "a damaged frame (bytes 0 to 4)" : "a damaged frame (bytes 4 to 12)"));
      }
    }
  }
}

TEST_CASE("stream parser: damage to any byte of a stream on disk") {
  const std::string good = on_disk(Content::batches);
  size_t unnoticed = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    if (seen_in(damaged).thrown.status != ExitStatus::bad_data) ++unnoticed;
  }
  CHECK(unnoticed == 0);
}

TEST_CASE("stream parser: the wrong content") {
  CHECK(seen_in(results()).thrown == bad("a stream of results where one of batches belongs"));
  CHECK(seen_in(batches(), Content::results).thrown ==
        bad("a stream of batches where one of results belongs"));
}

TEST_CASE("stream parser: a part of a file") {
  Hello part = hello_of(Content::batches);
  part.part = {3, 64};
  CHECK(seen_in(hello_frame(part) + end_frame_at(0)).hello == part);
  CHECK_FALSE(part.same_input(hello_of(Content::batches)));
  part.part = {65, 64};
  CHECK(seen_in(hello_frame(part)).thrown == bad("a hello of no part that there can be"));
}

TEST_CASE("stream parser: no hello") {
  const Thrown refused = bad("the stream does not begin with a hello");
  CHECK(seen_in(batches().substr(hello.size())).thrown == refused);
  CHECK(seen_in(end_frame_at(0)).thrown == refused);
  CHECK(seen_in(result_frame({0, 4}, "0,3\n"), Content::results).thrown == refused);
}

TEST_CASE("stream parser: a second hello") {
  const Thrown refused = bad("a second hello in one stream");
  CHECK(seen_in(hello + hello).thrown == refused);
  CHECK(seen_in(hello + batch_frame(Range{0, 4}) + hello).thrown == refused);
}

TEST_CASE("stream parser: anything after the end") {
  const Thrown refused = bad("more bytes after the end of the stream");
  for (const std::string& more :
       {end_frame_at(12, 2), std::string("\n"), batches(), batch_frame(Range{12, 13})}) {
    const Seen seen = seen_in(batches() + more);
    CHECK(seen.thrown == refused);
    CHECK(seen.verdict);
  }
}

TEST_CASE("stream parser: after the end, an end of the bytes as often as one looks") {
  StreamParser stream("in.0", Content::batches);
  const std::string bytes = hello + end_frame_at(0);
  for (const char byte : bytes) {
    stream.space()[0] = byte;
    stream.filled(1);
    if (stream.item() == StreamParser::Item::hello) stream.next();
  }
  REQUIRE(stream.item() == StreamParser::Item::end);
  CHECK(stream.space().size() == 1);
  stream.filled(0);
  stream.filled(0);
  CHECK(stream.item() == StreamParser::Item::end);
}

TEST_CASE("stream parser: an empty range, and one that ends before it begins") {
  CHECK(seen_in(hello + frame(header_of({{4, 4}, 0, 0, 0, 0}))).thrown ==
        bad("an empty frame, bytes 4 to 4"));
  CHECK(seen_in(hello + frame(header_of({{8, 4}, 0, 0, 0, 0}))).thrown ==
        bad("an empty frame, bytes 8 to 4"));
  CHECK(seen_in(hello_of_results + result_frame({4, 4}, ""), Content::results).thrown ==
        bad("an empty frame, bytes 4 to 4"));
}

TEST_CASE("stream parser: ranges that overlap, come twice, or go back") {
  for (const Range& second : {Range{9, 13}, Range{5, 10}, Range{0, 5}, Range{6, 7}}) {
    const Seen seen = seen_in(hello + batch_frame(Range{5, 10}) + batch_frame(second));
    CHECK(seen.thrown == bad(describe(second) + " come twice or out of order (after byte 10)"));
    CHECK(seen.frames.size() == 1);
  }
  CHECK(seen_in(hello_of_results + result_frame({5, 10}, "") + result_frame({9, 13}, ""),
                Content::results)
            .thrown == bad("bytes 9 to 13 come twice or out of order (after byte 10)"));
}

TEST_CASE("stream parser: headers among batches") {
  // They may be any bytes, and are no tiles.
  const Seen seen = seen_in(hello + header_frame(0, "a,\"b\n\"\r\n") + batch_frame(Range{9, 13}) +
                            header_frame(0, "") + end_frame_at(13));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.headers == std::vector<Seen::Header>{{0, "a,\"b\n\"\r\n"}, {0, ""}});
  CHECK(seen.frames.size() == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 13, 0});
}

TEST_CASE("stream parser: header lines among results") {
  const auto seen_with = [](const std::string& line) {
    return seen_in(hello_of_results + result_frame({0, 4}, "0,3\n") + header_frame(0, line) +
                       end_frame_at(4, 1),
                   Content::results);
  };
  for (const std::string line : {"\n", "a,b\n", "\"a\"\r\n"}) {
    CHECK(seen_with(line).thrown == Thrown());
    CHECK(seen_with(line).headers == std::vector<Seen::Header>{{0, line}});
  }
  for (const std::string line : {"", "a", "a\r", "a\nb", "a\nb\n", "\n\n"}) {
    CHECK(seen_with(line).thrown == bad("a header line that is not one line"));
    CHECK(seen_with(line).headers.empty());
  }
}

TEST_CASE("stream parser: a header that is too long, damaged, or of no input") {
  // The header row is a row, so the hello limits it.
  const std::string longest(hello_of(Content::batches).largest_text, 'a');
  const Thrown too_long = bad("a frame longer than its stream allows, bytes 0 to 0");
  CHECK(seen_in(hello + header_frame(0, longest) + end_frame_at(0)).thrown == Thrown());
  CHECK(seen_in(hello + header_frame(0, longest + "a").substr(0, frame_header_size)).thrown ==
        too_long);
  FrameHeader line;
  line.type = FrameType::header;
  line.text = largest_answer;
  CHECK(seen_in(hello_of_results + frame(line), Content::results).thrown ==
        ended_early("after byte 0 of the input"));
  line.details = 1;
  CHECK(seen_in(hello_of_results + frame(line), Content::results).thrown == too_long);

  std::string damaged = header_frame(0, "a,b\n");
  damaged.back() = '\r';
  CHECK(seen_in(hello + damaged).thrown == bad("a damaged frame (bytes 0 to 0)"));
  CHECK(seen_in(hello + header_frame(1, "a\n")).thrown ==
        bad("a frame of an input that the hello lacks"));
  CHECK(seen_in(header_frame(0, "a\n") + hello).thrown ==
        bad("the stream does not begin with a hello"));
}

TEST_CASE("stream parser: an end before the last frame's") {
  CHECK(seen_in(hello + batch_frame(Range{0, 4}) + end_frame_at(3)).thrown ==
        bad("an end that lies before the last frame"));
}

TEST_CASE("stream parser: more text than the batch covers") {
  CHECK(seen_in(hello + batch_frame({{0, 4}, 5, 0, 0, 1}, "1234\n")).thrown ==
        bad("a batch with more text than it covers, bytes 0 to 4"));
  CHECK(seen_in(hello + batch_frame_shared({{0, 4}, 5, 0, 0, 1})).thrown ==
        bad("a batch with more text than it covers, bytes 0 to 4"));
}

TEST_CASE("stream parser: less text than it covers: a BOM, a header come before") {
  const Seen seen = seen_in(hello + batch_frame({{0, 9}, 4, 0, 0, 1}, "1,2\n") + end_frame_at(9));
  CHECK(seen.thrown == Thrown());
  CHECK(seen.frames[0].batch.text_begin() == 5);
}

TEST_CASE("stream parser: more text than the hello allows") {
  CHECK(seen_in(hello + batch_frame(Range{0, 64}) + end_frame_at(64)).thrown == Thrown());
  // This is refused as soon as the header has come ...
  CHECK(seen_in(hello + batch_frame(Range{0, 65}).substr(0, frame_header_size)).thrown ==
        bad("a batch with more text than it covers, bytes 0 to 65"));
  // ... and also for shared text, because a program will have to hold it.
  CHECK(seen_in(hello + batch_frame_shared(batch_of({0, 65}))).thrown ==
        bad("a batch with more text than it covers, bytes 0 to 65"));
}

TEST_CASE("stream parser: lines may be longer than any batch") {
  FrameHeader header = header_of({{0, 8}, 8, 0, 18446744073709551610u, 4});
  header.type = FrameType::result;
  std::string lines;
  for (const char* const index : {"10", "11", "12", "13"}) {
    lines += std::string("184467440737095516") + index + ",7\n";
  }
  header.text = lines.size();
  const Seen seen =
      seen_in(hello_of_results + frame(header, lines) + end_frame_at(8, 4), Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(lines.size() > hello_of(Content::results).largest_text);
}

TEST_CASE("stream parser: lines of results that are no sums") {
  Hello other = hello_of(Content::results);
  const auto refusal = [&](LineKind kind, const std::string& lines, uint64_t rows) {
    other.lines = kind;
    FrameHeader header = header_of({{0, 8}, lines.size(), 0, 0, rows});
    header.type = FrameType::result;
    return seen_in(hello_frame(other) + frame(header, lines) + end_frame_at(8, rows),
                   Content::results)
        .thrown;
  };
  const std::string text = "0,a \"b\r\n1,\n";
  CHECK(refusal(LineKind::text, text, 2) == Thrown());
  CHECK(refusal(LineKind::text, text, 1) ==
        bad("bytes 0 to 8 hold 1 rows, and their result has 2 lines and 0 rejects"));
  CHECK(refusal(LineKind::text, text, 3) ==
        bad("bytes 0 to 8 hold 3 rows, and their result has 2 lines and 0 rejects"));
  for (const uint64_t rows : {0, 1, 2, 3}) {
    CHECK(refusal(LineKind::any, text, rows) == Thrown());
    CHECK(refusal(LineKind::any, "", rows) == Thrown());
  }
  CHECK(refusal(LineKind::any, text + "x", 2) == Thrown());
  CHECK(refusal(LineKind::text, text + "x", 2) ==
        bad("a result that ends within a line, bytes 0 to 8"));

  // They may be longer than any sum.
  FrameHeader header = header_of({{0, 8}, 9 + 2 * 348 + 8, 0, 0, 2});
  header.type = FrameType::result;
  for (const LineKind kind : {LineKind::sums, LineKind::text, LineKind::any}) {
    other.lines = kind;
    FrameHeader longest = header;
    if (kind != LineKind::sums) longest.text += uint64_t{256} << 20;
    CHECK(seen_in(hello_frame(other) + frame(longest), Content::results).thrown ==
          ended_early("after byte 0 of the input"));
    ++longest.text;
    CHECK(seen_in(hello_frame(other) + frame(longest), Content::results).thrown ==
          bad("a frame longer than its stream allows, bytes 0 to 8"));
  }
}

TEST_CASE("stream parser: details and text that no frame of its kind can have") {
  // Each header is refused by itself, because what it claims may never come.
  const auto refusal = [](FrameHeader header, Content content) {
    return seen_in((content == Content::batches ? hello : hello_of_results) + frame(header),
                   content)
        .thrown;
  };
  const auto result = [](const Range& range, uint64_t rows, uint64_t details, uint64_t text) {
    FrameHeader header = header_of({range, text, 0, 0, rows});
    header.type = FrameType::result;
    header.details = details;
    return header;
  };
  const Thrown waited_for = ended_early("after byte 0 of the input");
  const Thrown refused = bad("a frame longer than its stream allows, bytes 0 to 8");
  constexpr uint64_t most = 9 + 3 * (48 + 300) + 8;
  CHECK(refusal(result({0, 8}, 3, 0, most), Content::results) == waited_for);
  CHECK(refusal(result({0, 8}, 3, most, 0), Content::results) == waited_for);
  CHECK(refusal(result({0, 8}, 3, 9, most - 9), Content::results) == waited_for);
  CHECK(refusal(result({0, 8}, 3, 0, most + 1), Content::results) == refused);
  CHECK(refusal(result({0, 8}, 3, most + 1, 0), Content::results) == refused);
  CHECK(refusal(result({0, 8}, 3, 10, most - 9), Content::results) == refused);
  CHECK(refusal(result({0, 8}, 3, 0, part_limit), Content::results) == refused);
  // A range may be larger than its text, because of a header row; the text has a limit of its own.
  constexpr uint64_t most_of_any = 9 + (48 + 300) + 64;
  CHECK(refusal(result({0, 1000}, 1, 0, most_of_any), Content::results) == waited_for);
  CHECK(refusal(result({0, 1000}, 1, 0, most_of_any + 1), Content::results) ==
        bad("a frame longer than its stream allows, bytes 0 to 1000"));

  FrameHeader batch = header_of(batch_of({0, 8}));
  batch.details = 1;
  CHECK(refusal(batch, Content::batches) == refused);
  FrameHeader end;
  end.type = FrameType::end;
  end.range = {8, 8};
  end.details = 5;
  CHECK(refusal(end, Content::results) == waited_for);
  end.text = 1;
  CHECK(refusal(end, Content::results) ==
        bad("a frame longer than its stream allows, bytes 8 to 8"));
}

TEST_CASE("stream parser: a wrong range is told before the length that follows from it") {
  for (const Range& range : {Range{4, 4}, Range{8, 4}}) {
    FrameHeader header = header_of({range, 1000, 0, 0, 1});
    header.type = FrameType::result;
    CHECK(seen_in(hello_of_results + frame(header), Content::results).thrown ==
          bad("an empty frame, " + describe(range)));
  }
}

TEST_CASE("stream parser: a result has a line or a reject for each row") {
  const auto refusal = [](uint64_t rows, const std::string& lines, size_t rejects) {
    const std::string details = encode(std::vector<Reject>(rejects, a_reject));
    FrameHeader header = header_of({{0, 12}, lines.size(), 0, 0, rows});
    header.type = FrameType::result;
    header.details = details.size();
    return seen_in(hello_of_results + frame(header, details + lines) + end_frame_at(12),
                   Content::results)
        .thrown;
  };
  CHECK(refusal(0, "", 0) == Thrown());
  CHECK(refusal(2, "0,3\n1,7\n", 0) == Thrown());
  CHECK(refusal(2, "0,3\n", 1) == Thrown());
  CHECK(refusal(2, "", 2) == Thrown());
  CHECK(refusal(3, "0,3\n1,7\n", 0) ==
        bad("bytes 0 to 12 hold 3 rows, and their result has 2 lines and 0 rejects"));
  CHECK(refusal(1, "0,3\n1,7\n", 0) ==
        bad("bytes 0 to 12 hold 1 rows, and their result has 2 lines and 0 rejects"));
  CHECK(refusal(2, "0,3\n1,7\n", 1) ==
        bad("bytes 0 to 12 hold 2 rows, and their result has 2 lines and 1 rejects"));
  CHECK(refusal(1, "", 0) ==
        bad("bytes 0 to 12 hold 1 rows, and their result has 0 lines and 0 rejects"));
  CHECK(refusal(1, "0,3\n1,7", 0) == bad("a result that ends within a line, bytes 0 to 12"));
}

TEST_CASE("stream parser: more rows than bytes") {
  const auto refusal = [](const Range& range, uint64_t rows) {
    FrameHeader header = header_of({range, 1, 0, 0, rows});
    const Thrown of_batch = seen_in(hello + frame(header)).thrown;
    header.type = FrameType::result;
    CHECK(seen_in(hello_of_results + frame(header), Content::results).thrown == of_batch);
    return of_batch;
  };
  const Thrown waited_for = ended_early("after byte 0 of the input");
  CHECK(refusal({0, 4}, 4) == waited_for);
  CHECK(refusal({0, 4}, 5) == bad("more rows than bytes, bytes 0 to 4"));
  CHECK(refusal({0, 100}, 64) == waited_for);
  CHECK(refusal({0, 100}, 65) == bad("more rows than bytes, bytes 0 to 100"));
  CHECK(refusal({0, 4}, UINT64_MAX) == bad("more rows than bytes, bytes 0 to 4"));
}

TEST_CASE("stream parser: an input that the hello lacks") {
  CHECK(seen_in(hello + batch_frame({{0, 4}, 4, 1, 0, 1}, "1,2\n")).thrown ==
        bad("a frame of an input that the hello lacks"));
  Hello nameless = hello_of(Content::batches);
  nameless.inputs.clear();
  CHECK(seen_in(hello_frame(nameless) + batch_frame(Range{0, 4})).thrown ==
        bad("a frame of an input that the hello lacks"));
}

TEST_CASE("stream parser: absurd lengths") {
  for (const FrameType type : {FrameType::hello, FrameType::batch, FrameType::result}) {
    FrameHeader header = header_of(batch_of({0, 4}));
    header.type = type;
    header.details = part_limit + 1;
    CHECK(seen_in(frame(header)).thrown == bad("a frame of absurd length"));
  }
}

TEST_CASE("stream parser: a claim of 2^39 bytes gets no memory for them") {
  const auto space_after = [](const std::string& before, Content content, FrameHeader header) {
    StreamParser stream("in.0", content);
    for (const char byte : before + frame(header)) {
      stream.space()[0] = byte;
      stream.filled(1);
      if (stream.item() == StreamParser::Item::hello) stream.next();
    }
    return stream.space().size();
  };
  FrameHeader claim;
  claim.details = uint64_t{1} << 39;
  CHECK(space_after("", Content::batches, claim) <= 8 << 20);
  // A hello that allows so much changes nothing.
  for (const Content content : {Content::batches, Content::results}) {
    Hello generous = hello_of(content);
    generous.largest_text = uint64_t{1} << 39;
    claim = header_of(batch_of({0, uint64_t{1} << 39}));
    if (content == Content::results) claim.type = FrameType::result;
    CHECK(space_after(hello_frame(generous), content, claim) <= 8 << 20);
  }
}

TEST_CASE("stream parser: details that are nonsense") {
  FrameHeader header;
  header.details = 5;
  CHECK(seen_in(frame(header, "\x01____")).thrown == bad("a frame that ends too early"));
  header.details = 0;
  CHECK(seen_in(frame(header)).thrown == bad("a frame that ends too early"));
  header.type = FrameType::end;
  CHECK(seen_in(hello + frame(header)).thrown == bad("a frame that ends too early"));
  header.details = 5;
  CHECK(seen_in(hello + frame(header, from_hex("01 00 01 00 00"))).thrown ==
        bad("a verdict that is no status"));
  header = header_of(batch_of({0, 4}));
  header.type = FrameType::result;
  header.text = 0;
  header.details = 3;
  CHECK(seen_in(hello_of_results + frame(header, "\x01__"), Content::results).thrown ==
        bad("a frame that ends too early"));
}

TEST_CASE("stream parser: a frame of the other kind") {
  CHECK(seen_in(hello + result_frame({0, 4}, "0,3\n")).thrown ==
        bad("a stream of batches with another kind of frame in it"));
  CHECK(seen_in(hello_of_results + batch_frame(Range{0, 4}), Content::results).thrown ==
        bad("a stream of results with another kind of frame in it"));
}

TEST_CASE("stream parser: a refused batch has one row, for that is all that would be reported") {
  Batch batch = batch_of({0, 4});
  const auto refused = [&] {
    FrameHeader header = header_of(batch);
    header.flags = is_refused;
    return seen_in(hello + frame(header, "1\n2\n") + end_frame_at(4)).thrown;
  };
  CHECK(refused() == Thrown());
  batch.rows = 2;
  CHECK(refused() == bad("a refused batch of several rows, bytes 0 to 4"));
}

TEST_CASE("stream parser: frames in any order but the right one") {
  const std::string good = batches();
  const std::vector<size_t> borders = borders_of(good);
  std::array<size_t, 4> order = {0, 1, 2, 3};
  while (std::next_permutation(order.begin(), order.end())) {
    std::string shuffled;
    for (const size_t i : order) {
      shuffled += good.substr(borders[i], borders[i + 1] - borders[i]);
    }
    CHECK(seen_in(shuffled).thrown.status == ExitStatus::bad_data);
  }
}

TEST_CASE("stream parser: what is wrong stays wrong for whoever asks for the rejects") {
  StreamParser stream("out.0", Content::results);
  FrameHeader header = header_of(batch_of({0, 4}));
  header.type = FrameType::result;
  header.text = 0;
  header.details = 10;
  for (const char byte :
       hello_of_results + frame(header, from_hex("01 01 00 00 00 00 00 00 00 00"))) {
    stream.space()[0] = byte;
    stream.filled(1);
    if (stream.item() == StreamParser::Item::hello) stream.next();
  }
  REQUIRE(stream.item() == StreamParser::Item::frame);
  CHECK(thrown_by([&] { stream.rejects(); }).message ==
        "out.0: a length beyond the end of its frame");
}
