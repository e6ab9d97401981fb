// SPDX-License-Identifier: MIT
#include "common/worker/conversation.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "common/io/ring.h"
#include "common/wire/scanned_chunk.h"
#include "common/wire/worker_variable.h"
#include "common/worker/reasons.h"
#include "p2_sum/batch_summer.h"
#include "p2_sum/command_per_batch.h"
#include "tests/support/files.h"
#include "tests/support/interruptions.h"
#include "tests/support/pipes.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

namespace rowsum {

namespace {

using namespace std::string_literals;

const std::string hello = hello_frame(hello_of(Content::batches));

/// A worker that sums.
const MakeAnswerer summer = [](const Hello& results) {
  return std::make_unique<BatchSummer>(results.dialect);
};
ExitStatus sum_all(int in, StreamWriter& out) {
  ::setenv(worker_variable, "0.0", 1);  // as a worker of p1_read
  return answer_batches(in, "standard input", out, summer);
}

/// A worker that runs this command for each batch.
MakeAnswerer command(const std::string& text) {
  return [text](Hello& results) {
    return std::make_unique<CommandPerBatch>(CommandOptions{.command = text}, results);
  };
}

struct Answer {
  Thrown thrown;
  ExitStatus returned = ExitStatus::internal;  // what it returned, unless it threw
  std::string bytes;
};

/// What the worker answers to the bytes, including the end of a failed stream.
Answer answer_to(const std::string& bytes, const MakeAnswerer& make = summer) {
  ::setenv(worker_variable, "0.0", 1);  // it is a worker of p1_read
  Pipe in;
  CollectedPipe out;
  REQUIRE(::write(in.in.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  in.in.close();
  Answer answer;
  StreamWriter writer(out.in(), "standard output");
  answer.thrown = thrown_by(
      [&] { answer.returned = answer_batches(in.out.get(), "standard input", writer, make); });
  if (answer.thrown.status != ExitStatus::complete) {
    writer.fail(answer.thrown.status, Content::results);
  }
  answer.bytes = out.end();
  return answer;
}

std::string refused_frame(const Batch& batch, std::string_view text) {
  FrameHeader header = header_of(batch);
  header.flags = is_refused;
  return frame(header, text);
}

Batch batch_of_rows(const Range& range, uint64_t first_row, uint64_t rows) {
  return {range, range.size(), 0, first_row, rows};
}

}  // namespace

TEST_CASE("conversation: batches in, their results out") {
  const Answer answer =
      answer_to(hello + batch_frame(batch_of_rows({0, 8}, 0, 2), "1,2\n3,4\n") +
                batch_frame(batch_of_rows({8, 16}, 2, 4), "5\nx\n\r\n\r\n") + end_frame_at(16, 6));
  CHECK(answer.thrown.status == ExitStatus::complete);
  CHECK(answer.returned == ExitStatus::complete);
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.hello);
  CHECK(*seen.hello == hello_of(Content::results));
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].batch.range == Range{0, 8});
  CHECK(seen.frames[0].batch.rows == 2);
  CHECK(seen.frames[0].text == "0,3\n1,7\n");
  CHECK(seen.frames[0].rejects.empty());
  CHECK(seen.frames[1].batch.range == Range{8, 16});
  CHECK(seen.frames[1].batch.first_row == 2);
  CHECK(seen.frames[1].batch.rows == 4);
  CHECK(seen.frames[1].text == "2,5\n4,0\n5,0\n");
  REQUIRE(seen.frames[1].rejects.size() == 1);
  CHECK(seen.frames[1].rejects[0] == Reject{1, 1, 10, 4, "'x' is not an integer", "x\n"});
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 16, 6});
}

TEST_CASE("conversation: a stream without batches") {
  const Answer answer = answer_to(hello + end_frame_at(0));
  CHECK(answer.returned == ExitStatus::complete);
  const Seen seen = seen_in(answer.bytes, Content::results);
  CHECK(seen.frames.empty());
  CHECK(seen.verdict == Verdict{});
}

TEST_CASE("conversation: the dialect and the seat are the hello's") {
  Hello other = hello_of(Content::batches);
  other.dialect.delimiter = ';';
  other.place = 3;
  other.life = 2;
  const Answer answer =
      answer_to(hello_frame(other) + batch_frame(batch_of({0, 4}), "1;2\n") + end_frame_at(4, 1));
  const Seen seen = seen_in(answer.bytes, Content::results);
  other.content = Content::results;
  CHECK(seen.hello == other);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].text == "0,3\n");
}

TEST_CASE("conversation: text is the end of its range") {
  // For example, there is a header before it.
  Batch batch = batch_of_rows({0, 10}, 0, 1);
  batch.text = 2;
  const Answer answer = answer_to(hello + batch_frame(batch, "x\n") + end_frame_at(10, 1));
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].batch.range == Range{0, 10});
  REQUIRE(seen.frames[0].rejects.size() == 1);
  CHECK(seen.frames[0].rejects[0].offset == 8);
}

TEST_CASE("conversation: results have checksums as soon as a batch has one") {
  FrameHeader with = header_of(batch_of({2, 4}));
  with.flags = has_checksum;
  with.checksum = payload_checksum("", "2\n");
  const std::string end = end_frame_at(4, 2);
  const Answer answer =
      answer_to(hello + batch_frame(batch_of({0, 2}), "1\n") + frame(with, "2\n") + end);
  Hello results = hello_of(Content::results);
  std::string_view left = std::string_view(answer.bytes).substr(hello_frame(results).size());
  CHECK(decode_header(left.substr(0, frame_header_size)).flags == 0);
  left.remove_prefix(frame_header_size + 4);
  const FrameHeader second = decode_header(left.substr(0, frame_header_size));
  CHECK(second.flags == has_checksum);
  CHECK(second.checksum == payload_checksum("", left.substr(frame_header_size, second.text)));
  CHECK(answer.returned == ExitStatus::complete);
}

TEST_CASE("conversation: shared text is held against its checksum") {
  const TemporaryDirectory directory;
  const std::string text = "1,2\n3,4\n";
  write_file(directory.file("in.csv"), text);
  const OwnedFd file = open_file(directory.file("in.csv"), O_RDONLY);
  Hello shared = hello_of(Content::batches);
  shared.shared.fd = file.get();
  const Batch batch = batch_of_rows({0, 8}, 0, 2);
  const auto answer = [&](std::string_view read) {
    return answer_to(hello_frame(shared) +
                     batch_frame_shared(batch, 0, payload_checksum("", read)) + end_frame_at(8, 2));
  };
  CHECK(answer(text).returned == ExitStatus::complete);
  CHECK(answer("1,2\n3,5\n").thrown ==
        Thrown{ExitStatus::bad_data,
               "in.csv: bytes 0 to 8 are not what p1_read has read: the input changed while it was "
               "read"});
}

TEST_CASE("conversation: rows of unknown number count from 0") {
  const Answer answer =
      answer_to(hello + batch_frame(batch_of_rows({0, 4}, unknown_row, 2), "1\n2\n") +
                batch_frame(batch_of_rows({4, 6}, unknown_row, 1), "3\n") + end_frame_at(6, 3));
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].text == "0,1\n1,2\n");
  CHECK(seen.frames[0].batch.first_row == unknown_row);
  CHECK(seen.frames[1].text == "0,3\n");
}

TEST_CASE("conversation: a failed end is passed on, in silence") {
  const Answer answer = answer_to(hello + batch_frame(batch_of({0, 2}), "1\n") +
                                  end_frame({ExitStatus::bad_data, 2, 1}));
  CHECK(answer.thrown.status == ExitStatus::bad_data);
  CHECK(answer.thrown.message == "");
  const Seen seen = seen_in(answer.bytes, Content::results);
  CHECK(seen.frames.size() == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::bad_data, 2, 1});
}

TEST_CASE("conversation: an end that nobody announced is reported, and told downstream") {
  const std::string whole =
      hello + batch_frame(batch_of({0, 2}), "1\n") + batch_frame(batch_of({2, 4}), "2\n");
  for (const size_t cut_off : {size_t{0}, size_t{1}, size_t{3}, frame_header_size + 1}) {
    CAPTURE(cut_off);
    const Answer answer = answer_to(whole.substr(0, whole.size() - cut_off));
    CHECK(answer.thrown.status == ExitStatus::neighbour_vanished);
    const char* const position = cut_off == 0 ? "4" : "2";
    CHECK(answer.thrown.message ==
          "standard input: the stream ended early, after byte "s + position + " of the input");
    const Seen seen = seen_in(answer.bytes, Content::results);
    CHECK(seen.frames.size() == (cut_off == 0 ? 2 : 1));
    REQUIRE(seen.verdict);
    CHECK(seen.verdict->status == ExitStatus::neighbour_vanished);
  }
  const Answer nothing = answer_to("");
  CHECK(nothing.thrown.status == ExitStatus::neighbour_vanished);
  const Seen seen = seen_in(nothing.bytes, Content::results);
  REQUIRE(seen.verdict);
  CHECK(seen.verdict->status == ExitStatus::neighbour_vanished);
}

TEST_CASE("conversation: of rows that went while p1_read read them that one has told") {
  const Answer answer = answer_to(hello + batch_frame(batch_of({0, 2}), "1\n") +
                                  batch_frame(batch_of_rows({2, 6}, 1, 2), std::string(4, '\0')) +
                                  batch_frame(batch_of_rows({6, 8}, 3, 1), "4\n") +
                                  end_frame({ExitStatus::io, 8, 0}));
  CHECK(answer.thrown == Thrown{ExitStatus::io, ""});
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].text == "0,1\n");
  CHECK(seen.verdict == Verdict{ExitStatus::io, 8, 0});
}

TEST_CASE("conversation: headers and what follows them do not hide that one has told") {
  Hello two = hello_of(Content::batches);
  two.inputs.push_back("second.csv");
  Batch second = batch_of_rows({6, 8}, 2, 1);
  second.input = 1;
  const Answer answer = answer_to(hello_frame(two) + header_frame(0, "a\n") +
                                  batch_frame(batch_of_rows({2, 6}, 0, 2), std::string(4, '\0')) +
                                  header_frame(1, "b\n") + batch_frame(second, "3\n") +
                                  end_frame({ExitStatus::io, 8, 0}));
  CHECK(answer.thrown == Thrown{ExitStatus::io, ""});
  const Seen seen = seen_in(answer.bytes, Content::results);
  CHECK(seen.frames.empty());
  CHECK(seen.verdict == Verdict{ExitStatus::io, 8, 0});
}

TEST_CASE("conversation: a row that p1_read could not read to its end is none") {
  const std::string cut = hello + batch_frame(batch_of({0, 2}), "1\n") +
                          batch_frame(batch_of({2, 6}), std::string("2,\0\0", 4));
  const Answer told = answer_to(cut + end_frame({ExitStatus::io, 6, 0}));
  CHECK(told.thrown == Thrown{ExitStatus::io, ""});
  const Seen seen = seen_in(told.bytes, Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::io, 6, 0});
  // In an input that really ends with a NUL, the batch is an ordinary one.
  const Answer whole = answer_to(cut + end_frame_at(6, 2));
  CHECK(whole.thrown == Thrown());
  CHECK(seen_in(whole.bytes, Content::results).frames.at(1).rejects.size() == 1);
}

TEST_CASE("conversation: other rows than p1_read counted, and nobody has told") {
  const std::string changed =
      "in.csv: bytes 0 to 4 hold 1 rows and not 2: the input changed while it was read";
  const std::string bad_frame = batch_frame(batch_of_rows({0, 4}, 0, 2), std::string("1\0\0\n", 4));
  for (const std::string& rest :
       {end_frame_at(4, 2), std::string(), end_frame_at(4, 2).substr(0, 9)}) {
    const Answer answer = answer_to(hello + bad_frame + rest);
    CHECK(answer.thrown == Thrown{ExitStatus::bad_data, changed});
  }
  // Without a NUL p2_sum does not wait for the next frame, which may come late.
  Pipe in, out;
  const std::string bytes = hello + batch_frame(batch_of_rows({0, 4}, 0, 2), "1,2\n");
  REQUIRE(::write(in.in.get(), bytes.data(), bytes.size()) > 0);
  StreamWriter writer(out.in.get(), "standard output");
  CHECK(thrown_by([&] { sum_all(in.out.get(), writer); }) == Thrown{ExitStatus::bad_data, changed});
}

TEST_CASE("conversation: what is refused") {
  const auto message_of = [](const std::string& bytes) {
    const Answer answer = answer_to(bytes);
    CHECK(answer.thrown.status == ExitStatus::bad_data);
    const Seen seen = seen_in(answer.bytes, Content::results);
    REQUIRE(seen.verdict);
    CHECK(seen.verdict->status == ExitStatus::bad_data);
    return answer.thrown.message;
  };
  const std::string frame_of_two = batch_frame(batch_of({0, 2}), "1\n");
  CHECK(
      message_of(hello + batch_frame(batch_of_rows({0, 4}, 0, 3), "1\n2\n") + end_frame_at(4, 3)) ==
      "in.csv: bytes 0 to 4 hold 2 rows and not 3: the input changed while it was read");
  CHECK(message_of(hello_frame(hello_of(Content::results)) + end_frame_at(0)) ==
        "standard input: a stream of results where one of batches belongs");
  CHECK(message_of("1,2\n" + std::string(frame_header_size, '\n')).starts_with("standard input: "));

  FrameHeader shared = header_of(batch_of({0, 2}));
  shared.flags = text_is_shared;
  CHECK(message_of(hello + frame(shared) + end_frame_at(2, 1)) ==
        "standard input: a batch without its text");
  CHECK(message_of(hello + chunk_frame({0, 2}, 0, 1) + end_frame_at(2, 1)) ==
        "standard input: a batch without its text");
}

TEST_CASE("conversation: a worker says whether it can read text by reference") {
  const TemporaryDirectory directory;
  write_file(directory.file("in.csv"), "1,2\n");
  const OwnedFd file = open_file(directory.file("in.csv"), O_RDONLY);
  Hello shared = hello_of(Content::batches);
  const auto answered = [&](int fd) {
    shared.shared = {fd, 0};
    return seen_in(answer_to(hello_frame(shared) + end_frame_at(0)).bytes, Content::results)
        .hello->shared;
  };
  CHECK(answered(file.get()) == Shared{file.get(), 0});
  CHECK(answered(999) == Shared());  // not open
}

TEST_CASE("conversation: nothing may follow the end") {
  const Answer answer = answer_to(hello + end_frame_at(0) + "x");
  CHECK(answer.thrown.status == ExitStatus::bad_data);
  CHECK(answer.thrown.message == "standard input: more bytes after the end of the stream");
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.verdict);
  CHECK(seen.verdict->status == ExitStatus::bad_data);
}

TEST_CASE("conversation: text that lies in a file") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  Hello shared = hello_of(Content::batches);
  SUBCASE("the input itself") {
    write_file(path, "header\n1,2\n3,4\n5\n");
    const OwnedFd file = open_file(path, O_RDONLY);
    shared.shared = {file.get(), 0};
    Batch first = batch_of_rows({0, 11}, 0, 1);
    first.text = 4;
    const Answer answer =
        answer_to(hello_frame(shared) + batch_frame_shared(first) +
                  batch_frame_shared(batch_of_rows({11, 17}, 1, 2)) + end_frame_at(17, 3));
    CHECK(answer.returned == ExitStatus::complete);
    const Seen seen = seen_in(answer.bytes, Content::results);
    REQUIRE(seen.frames.size() == 2);
    CHECK(seen.frames[0].text == "0,3\n");
    CHECK(seen.frames[1].text == "1,7\n2,5\n");
    CHECK(seen.verdict == Verdict{ExitStatus::complete, 17, 3});
  }
  SUBCASE("a ring, across its end") {
    Ring ring(1);
    const std::string_view text = "1,2\n4,56\n";
    const uint64_t begin = ring.size() - 7;  // the second row goes over the end
    std::copy(text.begin(), text.end(), ring.space(begin, text.size()).begin());
    shared.shared = {ring.fd(), ring.size()};
    shared.begin = begin;
    const Answer answer = answer_to(
        hello_frame(shared) + batch_frame_shared(batch_of_rows({begin, begin + 4}, 0, 1)) +
        batch_frame_shared(batch_of_rows({begin + 4, begin + 9}, 1, 1)) +
        end_frame_at(begin + 9, 2));
    CHECK(answer.returned == ExitStatus::complete);
    const Seen seen = seen_in(answer.bytes, Content::results);
    REQUIRE(seen.frames.size() == 2);
    CHECK(seen.frames[0].text == "0,3\n");
    CHECK(seen.frames[1].text == "1,60\n");
  }
  SUBCASE("a file that is shorter than it was") {
    write_file(path, "1\n");
    const OwnedFd file = open_file(path, O_RDONLY);
    shared.shared = {file.get(), 0};
    const Answer answer =
        answer_to(hello_frame(shared) + batch_frame_shared(batch_of({0, 4})) + end_frame_at(4, 1));
    CHECK(answer.thrown.status == ExitStatus::io);
    CHECK(answer.thrown.message.starts_with("in.csv: "));
    const Seen seen = seen_in(answer.bytes, Content::results);
    REQUIRE(seen.verdict);
    CHECK(seen.verdict->status == ExitStatus::io);
  }
}

TEST_CASE("conversation: a chunk is answered by its outline, and its text is kept for the batch") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  const std::string text = "1;2\n\"3\n\";4\n5\n";
  write_file(path, text);
  const OwnedFd file = open_file(path);
  Hello shared = hello_of(Content::batches);
  shared.shared.fd = file.get();
  shared.dialect.delimiter = ';';
  shared.place = 3;
  Pipe in, outlines;
  CollectedPipe out;
  StreamWriter writer(out.in(), "standard output");
  ExitStatus returned = ExitStatus::internal;
  std::thread worker([&] {
    thrown_by([&] { returned = sum_all(in.out.get(), writer); });
    outlines.in.close();
  });
  const auto send = [&](const std::string& bytes) {
    CHECK(::write(in.in.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  };
  send(hello_frame(shared) + chunk_frame({2, 10}, 0, outlines.in.get(), wants_checksum));
  std::string outline(scanned_chunk_size, '\0');
  CHECK(::read(outlines.out.get(), outline.data(), outline.size()) ==
        static_cast<ssize_t>(outline.size()));
  const std::string bytes = text.substr(2, 8);
  const ScannedChunk expected{3, 2, Outline::of(bytes, shared.dialect),
                              payload_checksum("", bytes)};
  CHECK(outline == encode(expected));
  // Only what lies before the chunk is still to be read.
  write_file(path, "7;" + std::string(text.size() - 2, 'x'));
  send(batch_frame_shared(batch_of_rows({0, 4}, 0, 1)) + end_frame_at(4, 1));
  in.in.close();
  worker.join();
  CHECK(returned == ExitStatus::complete);
  const Seen seen = seen_in(out.end(), Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].text == "0,9\n");
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 4, 1});
}

TEST_CASE("conversation: a chunk that cannot be read to its end has the outline of fewer bytes") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  write_file(path, "1,2\n3,4\n");
  Hello shared = hello_of(Content::batches);
  const auto outline_of = [&](const OwnedFd& file, const Range& range) {
    Pipe outlines;
    shared.shared.fd = file.get();
    const Answer answer =
        answer_to(hello_frame(shared) + chunk_frame(range, 0, outlines.in.get()) + end_frame_at(0));
    CHECK(answer.returned == ExitStatus::complete);
    CHECK(seen_in(answer.bytes, Content::results).verdict == Verdict{});
    outlines.in.close();
    const auto chunks = ScannedChunkParser().feed(read_to_end(outlines.out.get()));
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].begin == range.begin);
    CHECK(chunks[0].checksum == 0);  // nobody wanted it
    return chunks[0].outline;
  };
  const OwnedFd readable = open_file(path, O_RDONLY);
  CHECK(outline_of(readable, {4, 8}) == Outline::of("3,4\n", Dialect()));
  CHECK(outline_of(readable, {4, 9}) == Outline::of("3,4\n", Dialect()));
  CHECK(outline_of(readable, {8, 9}) == Outline());
  CHECK(outline_of(open_file(path, O_WRONLY), {0, 4}) == Outline());
}

TEST_CASE("conversation: a refused batch is returned unread, and those around it are summed") {
  const Answer answer =
      answer_to(hello + batch_frame(batch_of_rows({0, 2}, 0, 1), "1\n") +
                refused_frame(batch_of_rows({2, 6}, 1, 1), "2,3\n") +
                batch_frame(batch_of_rows({6, 8}, 2, 1), "4\n") + end_frame_at(8, 3));
  CHECK(answer.returned == ExitStatus::complete);
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 3);
  CHECK(seen.frames[0].text == "0,1\n");
  CHECK(seen.frames[1].batch.range == Range{2, 6});
  CHECK(seen.frames[1].batch.rows == 1);
  CHECK(seen.frames[1].text == "");
  CHECK(seen.frames[1].rejects == std::vector<Reject>{{0, 0, 2, 0, workers_fail(""), "2,3\n"}});
  CHECK(seen.frames[2].text == "2,4\n");
  CHECK(seen.frames[2].rejects.empty());
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 8, 3});
}

TEST_CASE("conversation: a refused row is a reject of no field, whatever is in it") {
  for (const std::string& text : {"1,2\n"s, "x"s, "\"1\n\",2\r\n"s, "\n"s}) {
    CAPTURE(text);
    const uint64_t end = 30 + text.size();
    Batch batch = batch_of_rows({20, end}, 7, 1);  // for example, a header before it
    batch.text = text.size();
    const Answer answer = answer_to(hello + refused_frame(batch, text) + end_frame_at(end, 1));
    const Seen seen = seen_in(answer.bytes, Content::results);
    REQUIRE(seen.frames.size() == 1);
    CHECK(seen.frames[0].batch.range == batch.range);
    CHECK(seen.frames[0].text == "");
    CHECK(seen.frames[0].rejects == std::vector<Reject>{{0, 0, 30, 0, workers_fail(""), text}});
  }
}

TEST_CASE("conversation: without a row there is nothing to refuse") {
  Batch batch = batch_of_rows({0, 8}, 0, 0);
  batch.text = 0;
  const Answer answer = answer_to(hello + refused_frame(batch, "") + end_frame_at(8));
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].batch.range == Range{0, 8});
  CHECK(seen.frames[0].text == "");
  CHECK(seen.frames[0].rejects.empty());
}

TEST_CASE("conversation: the results say what their lines are, and what makes them") {
  Hello batches = hello_of(Content::batches);
  batches.header = HeaderRow::repeat;
  batches.fields = {"1-", true, true};
  batches.results = 3;  // of p1_read, and not to be told
  const Answer answer = answer_to(hello_frame(batches) + end_frame_at(0), command("tac"));
  CHECK(answer.returned == ExitStatus::complete);
  Hello results = batches;
  results.content = Content::results;
  results.results = 0;
  results.lines = LineKind::text;
  results.command = "--command=tac";
  CHECK(seen_in(answer.bytes, Content::results).hello == results);
}

TEST_CASE("conversation: a header line goes out once, before the result where it is new") {
  Hello two = hello_of(Content::batches);
  two.header = HeaderRow::repeat;
  two.inputs.push_back("second.csv");
  Batch third = batch_of_rows({14, 16}, 2, 1);
  third.input = 1;
  third.text = 2;
  Batch first = batch_of_rows({0, 6}, 0, 1);
  first.text = 2;
  const Batch second = batch_of_rows({6, 8}, 1, 1);
  const std::string batches = hello_frame(two) + header_frame(0, "a,b\n") +
                              batch_frame(first, "1\n") + batch_frame(second, "2\n") +
                              header_frame(1, "c\n") + batch_frame(third, "3\n") +
                              end_frame_at(16, 3);
  const auto result = [](const Batch& batch, const std::string& line) {
    FrameHeader header = header_of(batch);
    header.type = FrameType::result;
    header.text = line.size();
    return frame(header, line);
  };
  Hello results = two;
  results.content = Content::results;
  // Each input has its own header row, which the command gets before each batch.
  SUBCASE("once") {
    results.lines = LineKind::text;
    const std::string adds = "echo sum; paste -sd +";
    results.command = "--command=" + adds;
    CHECK(answer_to(batches, command(adds)).bytes ==
          hello_frame(results) + header_frame(0, "sum\n") + result(first, "0,a,b+1\n") +
              result(second, "1,a,b+2\n") + result(third, "2,c+3\n") + end_frame_at(16, 3));
  }
  SUBCASE("where it is new") {
    results.lines = LineKind::text;
    const std::string adds = "paste -sd + | sed 'h;G'";
    results.command = "--command=" + adds;
    const Answer answer = answer_to(batches, command(adds));
    CHECK(answer.returned == ExitStatus::complete);
    CHECK(answer.bytes == hello_frame(results) + header_frame(0, "a,b+1\n") +
                              result(first, "0,a,b+1\n") + header_frame(0, "a,b+2\n") +
                              result(second, "1,a,b+2\n") + header_frame(1, "c+3\n") +
                              result(third, "2,c+3\n") + end_frame_at(16, 3));
  }
  SUBCASE("of sums there is none") {
    const Answer answer = answer_to(batches);
    CHECK(answer.bytes == hello_frame(results) + result(first, "0,1\n") + result(second, "1,2\n") +
                              result(third, "2,3\n") + end_frame_at(16, 3));
  }
}

TEST_CASE("conversation: a header line comes with the first batch that is not refused") {
  Hello repeat = hello_of(Content::batches);
  repeat.header = HeaderRow::repeat;
  const Answer answer = answer_to(
      hello_frame(repeat) + header_frame(0, "a\n") + refused_frame(batch_of({2, 4}), "1\n") +
          batch_frame(batch_of_rows({4, 6}, 1, 1), "2\n") + end_frame_at(6, 2),
      command("cat"));
  CHECK(answer.returned == ExitStatus::complete);
  const size_t refusal_at = answer.bytes.find("\x8fRES"), header_at = answer.bytes.find("\x8fHDR");
  CHECK(refusal_at < header_at);
  const Seen seen = seen_in(answer.bytes, Content::results);
  CHECK(seen.headers == std::vector<Seen::Header>{{0, "a\n"}});
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].rejects ==
        std::vector<Reject>{{0, 0, 2, 0, "'cat' fails whenever it is given it", "1\n"}});
  CHECK(seen.frames[1].text == "1,2\n");
}

TEST_CASE("conversation: the reason of a refused row") {
  set_program_name("p9_test");
  CHECK(workers_fail("") == "every p9_test that is given it dies");
  set_program_name("rowsum");
  const std::string reason = workers_fail(std::string(1000, '\x1b'));
  CHECK(reason.size() <= reject_reason_limit);
  CHECK(reason.starts_with("'\\x1b"));
  CHECK(not_an_integer(std::string(1000, '\x1b')).size() <= reject_reason_limit);
}

TEST_CASE("conversation: the answerer hears of the end, but of no failure") {
  struct Listener : BatchSummer {
    explicit Listener(int& heard) : BatchSummer(Dialect()), ends(heard) {}
    void end() override { ++ends; }
    int& ends;
  };
  int ends = 0;
  const MakeAnswerer listener = [&](Hello&) { return std::make_unique<Listener>(ends); };
  const std::string batches = hello + batch_frame(batch_of({0, 2}), "1\n");
  CHECK(answer_to(batches + end_frame({ExitStatus::io, 2, 1}), listener).thrown.status ==
        ExitStatus::io);
  CHECK(answer_to(batches, listener).thrown.status == ExitStatus::neighbour_vanished);
  CHECK(answer_to(batches + end_frame_at(2, 1) + "x", listener).thrown.status ==
        ExitStatus::bad_data);
  CHECK(ends == 0);
  CHECK(answer_to(batches + end_frame_at(2, 1), listener).returned == ExitStatus::complete);
  CHECK(ends == 1);
}

TEST_CASE("conversation: an answerer that fails ends it") {
  const Answer answer =
      answer_to(hello + batch_frame(batch_of_rows({0, 4}, 0, 2), "1\n2\n") +
                    batch_frame(batch_of_rows({4, 6}, 2, 1), "3\n") + end_frame_at(6, 3),
                command("grep -v 3"));
  CHECK(answer.thrown ==
        Thrown{ExitStatus::command_failed, "'grep -v 3' ended with status 1 (row 2)"});
  const Seen seen = seen_in(answer.bytes, Content::results);
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].text == "0,1\n1,2\n");
  CHECK(seen.verdict == Verdict{ExitStatus::command_failed, 4, 0});

  // A p1_read with workers starts another one, also if this one cannot read the file.
  Hello of_workers = hello_of(Content::batches);
  of_workers.shared.fd = 1'000'000;
  const Answer dead =
      answer_to(hello_frame(of_workers) + batch_frame(batch_of_rows({0, 2}, 0, 1), "1\n") +
                    batch_frame(batch_of_rows({2, 4}, 1, 1), "3\n") + end_frame_at(4, 2),
                command("grep -v 3"));
  CHECK(dead.thrown ==
        Thrown{ExitStatus::command_failed, "'grep -v 3' ended with status 1 (row 1)"});
  CHECK(seen_in(dead.bytes, Content::results).frames.size() == 1);
  CHECK_FALSE(seen_in(dead.bytes, Content::results).verdict);

  const Answer none = answer_to(hello + end_frame_at(0), [](Hello&) -> std::unique_ptr<Answerer> {
    throw Failure(ExitStatus::system, "no answerer");
  });
  CHECK(none.thrown == Thrown{ExitStatus::system, "no answerer"});
  CHECK(seen_in(none.bytes, Content::results).verdict == Verdict{ExitStatus::system, 0, 0});
}

TEST_CASE("conversation: a reader that is gone ends it, also while there is nothing to sum") {
  const IgnoredSigpipe ignored;
  Pipe in, out;
  StreamWriter writer(out.in.get(), "standard output");
  out.out.close();
  const Thrown thrown = thrown_by([&] { sum_all(in.out.get(), writer); });
  CHECK(thrown.status == ExitStatus::downstream_closed);
  CHECK(thrown.message == "");
}

}  // namespace rowsum
