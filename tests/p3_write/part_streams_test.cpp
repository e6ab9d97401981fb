// SPDX-License-Identifier: MIT
// Streams of parts that no program of the suite writes: found in files, and merged.
#include "p3_write/part_streams.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "p3_write/merge_and_write.h"
#include "tests/support/files.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

/// What is in the stream of a part of a file, which has eight bytes unless it is said.
struct Contents {
  Part part;
  Range range;
  std::string results;  // frames
  uint64_t rows = 0;
};

/// The result for one row.
std::string answer(const Range& range, uint64_t row) {
  const std::string line = std::to_string(row) + ",3\n";
  FrameHeader header = header_of({range, range.size(), 0, row, 1});
  header.type = FrameType::result;
  header.text = line.size();
  return frame(header, line);
}

std::string bytes_of(const Contents& contents, uint64_t size = 8) {
  Hello hello = hello_of(Content::results);
  hello.identity.size = size;
  hello.part = contents.part;
  hello.begin = contents.range.begin;
  return hello_frame(hello) + contents.results + end_frame_at(contents.range.end, contents.rows);
}

/// Two parts with a row each, as they should be.
const Contents first = {{1, 2}, {0, 4}, answer({0, 4}, 0), 1};
const Contents second = {{2, 2}, {4, 8}, answer({4, 8}, 1), 1};

class Files {
 public:
  std::string write(const std::string& name, const std::string& bytes) {
    write_file(directory_.file(name), bytes);
    paths_.push_back(directory_.file(name));
    return paths_.back();
  }
  const std::vector<std::string>& paths() const { return paths_; }
  std::string in_directory(const std::string& name) const { return directory_.file(name); }

 private:
  TemporaryDirectory directory_;
  std::vector<std::string> paths_;
};

/// The lines that are made of the streams, or why there are none, without the directory.
std::string merged(const std::vector<std::string>& streams) {
  Files files;
  for (size_t i = 0; i < streams.size(); ++i) files.write(std::string(1, "abcd"[i]), streams[i]);
  WriteOptions options;
  options.streams = files.paths();
  options.output = files.in_directory("out");
  const Thrown thrown = thrown_by([&] {
    std::unique_ptr<ResultOutput> output;
    merge_and_write(options, output);
  });
  if (thrown.status == ExitStatus::complete) return contents_of(options.output);
  CHECK(thrown.status == ExitStatus::bad_data);
  std::string message = thrown.message;
  const std::string directory = files.in_directory("");
  for (size_t at = 0; (at = message.find(directory)) != message.npos;) {
    message.erase(at, directory.size());
  }
  return message;
}

std::string merged(const Contents& one, const Contents& other) {
  return merged({bytes_of(one), bytes_of(other)});
}

}  // namespace

TEST_CASE("part streams: each part goes on where the one before it has ended") {
  CHECK(merged(first, second) == "0,3\n1,3\n");
  CHECK(merged(second, first) == "0,3\n1,3\n");
  CHECK(merged({{1, 2}, {2, 4}, answer({2, 4}, 0), 1}, second) ==
        "a: begins at byte 2, and what comes before it ends at byte 0");
  CHECK(merged(first, {{2, 2}, {5, 8}, answer({5, 8}, 1), 1}) ==
        "b: begins at byte 5, and what comes before it ends at byte 4");
  CHECK(merged(first, {{2, 2}, {3, 8}, answer({3, 8}, 1), 1}) ==
        "b: begins at byte 3, and what comes before it ends at byte 4");
}

TEST_CASE("part streams: the rows are numbered through all of the parts") {
  CHECK(merged(first, {{2, 2}, {4, 8}, answer({4, 8}, 2), 1}) ==
        "b: bytes 4 to 8 begin with row 2 and not 1");
  CHECK(merged({{1, 2}, {0, 4}, answer({0, 4}, 1), 1}, {{2, 2}, {4, 8}, answer({4, 8}, 2), 1}) ==
        "a: bytes 0 to 4 begin with row 1 and not 0");
  // A part without rows changes nothing.
  const Contents middle = {{2, 3}, {4, 4}, "", 0};
  CHECK(merged({bytes_of({{1, 3}, {0, 4}, answer({0, 4}, 0), 1}), bytes_of(middle),
                bytes_of({{3, 3}, {4, 8}, answer({4, 8}, 1), 1})}) == "0,3\n1,3\n");
  CHECK(merged({bytes_of({{1, 3}, {0, 4}, answer({0, 4}, 0), 1}), bytes_of(middle),
                bytes_of({{3, 3}, {4, 8}, answer({4, 8}, 0), 1})}) ==
        "c: bytes 4 to 8 begin with row 0 and not 1");
}

TEST_CASE("part streams: the parts end where the file does") {
  CHECK(merged(first, {{2, 2}, {4, 7}, answer({4, 7}, 1), 1}) ==
        "the parts end at byte 7 of a file of 8");
  CHECK(merged(first, {{2, 2}, {4, 9}, answer({4, 9}, 1), 1}) ==
        "the parts end at byte 9 of a file of 8");
}

TEST_CASE("part streams: what the end of a part says has to be true") {
  CHECK(merged(first, {{2, 2}, {4, 8}, answer({4, 8}, 1), 2}) ==
        "the streams hold 1 rows up to byte 8, and their end says 2 up to byte 8");
  CHECK(merged({{1, 2}, {0, 4}, "", 0}, second) ==
        "bytes 0 to 4 of the input are missing from the streams");
}

TEST_CASE("part streams: several streams of one part are merged with each other") {
  const std::string parts[] = {bytes_of({{1, 2}, {0, 4}, answer({0, 2}, 0), 2}),
                               bytes_of({{1, 2}, {0, 4}, answer({2, 4}, 1), 2}),
                               bytes_of({{2, 2}, {4, 8}, answer({4, 8}, 2), 1})};
  CHECK(merged({parts[1], parts[2], parts[0]}) == "0,3\n1,3\n2,3\n");
  CHECK(merged({parts[1], parts[2]}) == "bytes 0 to 2 of the input are missing from the streams");
  CHECK(merged({parts[0], parts[2], parts[1], parts[0]}) ==
        "d: bytes 0 to 2 come twice (everything before byte 2 is written)");
}

TEST_CASE("part streams: thousands of parts need few descriptors") {
  constexpr uint64_t parts = 3000;
  Files files;
  std::string lines;
  for (uint64_t i = parts; i > 0; --i) {
    const uint64_t row = i - 1;
    files.write(std::to_string(i),
                bytes_of({{i, parts}, {row, i}, answer({row, i}, row), 1}, parts));
  }
  for (uint64_t row = 0; row < parts; ++row) lines += std::to_string(row) + ",3\n";
  WriteOptions options;
  options.streams = files.paths();
  options.output = files.in_directory("out");
  rlimit before;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few = {32, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const Thrown thrown = thrown_by([&] {
    std::unique_ptr<ResultOutput> output;
    merge_and_write(options, output);
  });
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(thrown == Thrown());
  CHECK(contents_of(options.output) == lines);
}

TEST_CASE("part streams: without a part among them, the streams are not looked at any further") {
  Files files;
  const std::string good = files.write("good", bytes_of({{}, {0, 0}, "", 0}));
  const std::string empty = files.write("empty", "");
  CHECK_FALSE(find_parts({good, empty, files.in_directory("missing"), "-"}));
  CHECK_FALSE(find_parts({}));
}

TEST_CASE("part streams: what cannot be a part is named before anything is written") {
  Files files;
  const std::string one = files.write("a", bytes_of(first));
  const std::string whole = bytes_of(second);
  const auto refused = [&](const std::string& other) {
    return thrown_by([&] { find_parts({one, other}); });
  };
  // In the hello, in the result, and in the end.
  for (const size_t size : {size_t{0}, size_t{70}, size_t{100}, size_t{180}, size_t{200},
                            whole.size() - 90, whole.size() - 1}) {
    const std::string cut = files.write("cut", whole.substr(0, size));
    CHECK(refused(cut) == Thrown{ExitStatus::bad_data, cut + ": the stream is cut off or damaged"});
  }
  const std::string longer = files.write("longer", whole + "x");
  CHECK(refused(longer) ==
        Thrown{ExitStatus::bad_data, longer + ": the stream is cut off or damaged"});
  const std::string text = files.write("text", std::string(1000, '1'));
  CHECK(refused(text) ==
        Thrown{ExitStatus::bad_data, text + ": not a stream of batches or results"});
  const std::string missing = files.in_directory("missing");
  CHECK(refused(missing) == Thrown{ExitStatus::no_input, missing + ": No such file or directory"});
  for (const std::string& hello : {hello_frame(hello_of(Content::results)),
                                   whole.substr(0, whole.size() - end_frame({}).size())}) {
    const std::string failed = files.write("failed", hello + end_frame({ExitStatus::io, 0, 0}));
    CHECK(refused(failed) ==
          Thrown{ExitStatus::io, failed + ": the stream of a run that has failed with status 74"});
  }
  const std::string fifo = files.in_directory("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::string said = ": the streams of parts have to be regular files with names; try '";
  CHECK(refused(fifo).status == ExitStatus::usage);
  CHECK(refused(fifo).message.starts_with(fifo + said));
  CHECK(refused("-").message.starts_with("standard input" + said));
}
