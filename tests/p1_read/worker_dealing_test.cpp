// SPDX-License-Identifier: MIT
#include "p1_read/worker_dealing.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "p3_write/reader_link.h"
#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

void wait_readable(int fd) {
  pollfd wanted{fd, POLLIN, 0};
  if (::poll(&wanted, 1, 20'000) != 1) throw std::runtime_error("nothing comes");
}

/// p2_sum, which lies beside the program of these tests.
std::string p2_sum() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "p2_sum";
}

/// The test acts as p3_write, with one place for a worker.
class Writer {
 public:
  explicit Writer(OwnedFd link) : link_({0, std::move(link)}) {}

  /// Reads the link up to the start of the next worker.
  void next_worker() {
    for (bool has_started = false; !has_started;) {
      wait_readable(link_.fd());
      for (const auto& message : link_.hear()) {
        if (message.type == NewsOfReader::control) {
          link_.open_control(message);
          link_.say(NewsOfWriter::ready);
          link_.send();
        }
        if (message.type == NewsOfReader::results) {
          ring_.emplace(link_.open(message.value, O_RDWR).get());
        }
        has_started |= message.type == NewsOfReader::started;
        if (message.type == NewsOfReader::started && !out_.is_open()) {
          out_ = link_.open(message.value, O_RDONLY);
        }
      }
    }
  }

  /// Sends all messages in one write, as p3_write does after each poll(2).
  void say(std::initializer_list<ControlMessage<NewsOfWriter>> messages) {
    for (const auto& message : messages) link_.say(message.type, message.place, message.value);
    link_.send();
  }

  /// Reads the stream of the worker up to its next item, or to the end of the file.
  StreamParser::Item next_item(StreamParser& stream) {
    if (ring_) stream.use_ring(*ring_);
    if (stream.item() != StreamParser::Item::none) stream.next();
    while (stream.item() == StreamParser::Item::none) {
      wait_readable(out_.get());
      const std::span<char> space = stream.space();
      const ssize_t n = ::read(out_.get(), space.data(), space.size());
      if (n <= 0) break;
      stream.filled(static_cast<size_t>(n));
    }
    return stream.item();
  }

  /// The same up to an item of this kind.
  StreamParser::Item read_to(StreamParser& stream, StreamParser::Item wanted) {
    while (stream.item() != wanted) {
      if (next_item(stream) == StreamParser::Item::none) return StreamParser::Item::none;
    }
    return wanted;
  }

 private:
  ReaderLink link_;
  OwnedFd out_;
  std::optional<ResultRing> ring_;  // for the lines of results
};

/// A file whose batches are dealt to one place.
class Surroundings {
 public:
  explicit Surroundings(const std::string& input) : path_(directory_.file("in.csv")) {
    write_file(path_, input);
    options.places = 1;
    options.retries = 3;
    options.command = {{p2_sum()}, "p2_sum", true};
    options.scanned_from = UINT64_MAX;
    batches.batch_size = 2;
  }

  /// Lets the workers scan the input in chunks of `size` bytes.
  void use_chunks(uint64_t size) {
    options.scanned_from = 0;
    options.chunk_size = size;
  }

  /// Returns what the dealing throws while `writer` acts as p3_write.
  Thrown deal(std::function<void(Writer&)> writer) {
    ::signal(SIGPIPE, SIG_IGN);  // as in the program
    Pipe link;
    std::string problem;
    std::thread other([&] {
      try {
        Writer peer(std::move(link.out));
        writer(peer);
      } catch (const std::exception& error) {
        problem = error.what();
      }
    });
    Thrown thrown;
    {
      WorkerDealing dealing(options, DealPolicy::round_robin, link.in.get());
      Inputs inputs({path_});
      thrown = thrown_by([&] { dealing.run(inputs, batches); });
      has_returned = true;
      if (thrown != Thrown()) dealing.fail(thrown.status);
    }
    other.join();
    CHECK(problem == "");
    return thrown;
  }

  std::string file(const std::string& name) const { return directory_.file(name); }
  const std::string& input() const { return path_; }

  WorkerOptions options;
  BatcherOptions batches;
  std::atomic<bool> has_returned = false;  // run() has returned

 private:
  TemporaryDirectory directory_;
  std::string path_;
};

using Item = StreamParser::Item;

struct Results {
  std::vector<Range> ranges;
  std::string lines;
  Verdict verdict;
  size_t in_ring = 0;  // results whose lines came through the ring
};

/// Reads the results of a worker to their end. All are received and printed at once. `has_one` is
/// called when the first one has come and has not been received.
Results read_all(
    Writer& writer, std::function<void()> has_one = [] {}) {
  Results results;
  StreamParser stream("out.0", Content::results);
  writer.next_worker();
  writer.read_to(stream, Item::hello);
  writer.say({{NewsOfWriter::alive, 0, 0}});
  while (writer.next_item(stream) == Item::frame) {
    const Range range = stream.batch().range;
    results.ranges.push_back(range);
    if (results.ranges.size() == 1) has_one();
    results.lines += stream.text();
    if (stream.header().flags & text_is_shared) ++results.in_ring;
    writer.say({{NewsOfWriter::received, 0, range.end}, {NewsOfWriter::printed, 0, range.end}});
  }
  results.verdict = stream.verdict();
  return results;
}

}  // namespace

TEST_CASE("worker dealing: what is wrong with the input is told when all before it is printed") {
  struct Case {
    std::string input;
    std::string message;
  };
  for (const Case& wrong : {Case{"1\n\"2", "a quoted field is never closed"},
                            Case{"1\n2345\n6\n", "longer than 3 bytes (--max-row)"}}) {
    for (const uint64_t chunk_size : {0, 1, 2, 3, 4, 100}) {
      CAPTURE(wrong.input);
      CAPTURE(chunk_size);
      Surroundings surroundings(wrong.input);
      if (chunk_size > 0) surroundings.use_chunks(chunk_size);
      surroundings.batches.max_row = 3;
      bool was_early = true;
      const Thrown thrown = surroundings.deal([&](Writer& writer) {
        StreamParser stream("out.0", Content::results);
        writer.next_worker();
        writer.read_to(stream, Item::frame);
        writer.say({{NewsOfWriter::alive, 0, 0}, {NewsOfWriter::received, 0, 2}});
        ::poll(nullptr, 0, 50);
        was_early = surroundings.has_returned;
        writer.say({{NewsOfWriter::printed, 0, 2}});
        writer.read_to(stream, Item::end);
        CHECK(stream.verdict() == Verdict{ExitStatus::bad_data, 2, 1});
      });
      CHECK_FALSE(was_early);
      CHECK(thrown.status == ExitStatus::bad_data);
      CHECK(thrown.message == surroundings.input() + ": row 1 (byte 2): " + wrong.message);
    }
  }
}

TEST_CASE("worker dealing: nothing is told of the input if what lies before it ends the run") {
  Surroundings surroundings("x\n\"2");
  const Thrown thrown = surroundings.deal([&](Writer& writer) {
    StreamParser stream("out.0", Content::results);
    writer.next_worker();
    writer.read_to(stream, Item::frame);
  });
  CHECK(thrown == Thrown{ExitStatus::neighbour_vanished, ""});
}

TEST_CASE("worker dealing: of what is said in one breath with a failure nothing is lost") {
  // There are more batches than a place may have outstanding, so the end of the input is not
  // reached.
  Surroundings surroundings("1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n");
  // The first worker dies when it has been given a batch, and the second one is p2_sum.
  surroundings.options.command = {{"/bin/sh", "-c",
                                   "[ $ROWSUM_WORKER != 0.0 ] || kill -KILL $$; "
                                   "exec '" +
                                       p2_sum() + "'"},
                                  "p2_sum"};
  const Thrown thrown = surroundings.deal([&](Writer& writer) {
    StreamParser first("out.0", Content::results), second("out.0", Content::results);
    writer.next_worker();
    CHECK(writer.read_to(first, Item::end) == Item::none);
    writer.say({{NewsOfWriter::failed, 0, 74}, {NewsOfWriter::lost, 0, 0}});
    writer.next_worker();
    CHECK(writer.read_to(second, Item::hello) == Item::hello);
    CHECK(second.hello().life == 1);
    writer.say({{NewsOfWriter::alive, 0, 0}});
    CHECK(writer.read_to(second, Item::end) == Item::end);
    CHECK(second.verdict().status == ExitStatus::io);
  });
  CHECK(thrown == Thrown{ExitStatus::io, ""});
}

TEST_CASE("worker dealing: the next worker is given the same, whatever became of the input") {
  Surroundings surroundings("1\n2\n3\n");
  surroundings.options.checksum = true;
  // Each worker keeps what it is given. The first one dies when it has been given a row.
  const std::string kept = surroundings.file("kept.");
  surroundings.options.command = {{"/bin/sh", "-c",
                                   "if [ $ROWSUM_WORKER = 0.0 ]; then head -c 400 >'" + kept +
                                       "'0.0; kill -KILL $$; fi; "
                                       "cat >'" +
                                       kept + "'$ROWSUM_WORKER; kill -KILL $$"},
                                  "worker",
                                  true};
  surroundings.deal([&](Writer& writer) {
    StreamParser stream("out.0", Content::results);
    writer.next_worker();
    writer.read_to(stream, Item::end);
    std::filesystem::resize_file(surroundings.input(), 0);
    writer.say({{NewsOfWriter::lost, 0, 0}});
    writer.next_worker();
    for (const uint64_t end : {2, 4, 6}) writer.say({{NewsOfWriter::received, 0, end}});
    writer.read_to(stream, Item::end);
    writer.say({{NewsOfWriter::printed, 0, 6}});
  });
  const std::string first = contents_of(kept + "0.0");
  const std::string second = contents_of(kept + "0.1");
  const Seen seen = seen_in(second);
  CHECK(seen.frames.size() == 3);
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 6, 3});
  // The hello is left out, because it says which life it is.
  const std::string batch =
      "\x8f"
      "BAT";
  REQUIRE(first.find(batch) != first.npos);
  const std::string batches = first.substr(first.find(batch));
  CHECK(second.substr(second.find(batch), batches.size()) == batches);
}

TEST_CASE("worker dealing: the batches of a file that the workers scan end in its chunks") {
  const std::string input = "1\n\"2\n\"\n3,4,5\n\n6";
  const std::vector<uint64_t> row_ends = {2, 7, 13, 14};
  for (uint64_t size = 1; size <= input.size() + 1; ++size) {
    CAPTURE(size);
    // p1_read reads what is as long as a chunk, so that all chunks are on one grid with that.
    std::vector<Range> expected;
    uint64_t begin = 0;
    for (uint64_t border = size; border < input.size() + size; border += size) {
      const auto after = std::upper_bound(row_ends.begin(), row_ends.end(), border);
      const uint64_t end = after == row_ends.begin() ? 0 : after[-1];
      if (end > begin) expected.push_back({begin, end});
      begin = std::max(begin, end);
    }
    expected.push_back({begin, input.size()});
    if (size > input.size()) expected = {{0, input.size()}};
    Surroundings surroundings(input);
    surroundings.use_chunks(size);
    Results results;
    CHECK(surroundings.deal([&](Writer& writer) { results = read_all(writer); }) == Thrown());
    CHECK(results.ranges == expected);
    CHECK(results.lines == "0,1\n1,2\n2,12\n3,0\n4,6\n");
    CHECK(results.verdict == Verdict{ExitStatus::complete, input.size(), 5});
  }
}

TEST_CASE("worker dealing: only p2_sum is given chunks, and only without checksums") {
  for (const bool is_p2_sum : {false, true}) {
    for (const bool has_checksums : {false, true}) {
      CAPTURE(is_p2_sum);
      CAPTURE(has_checksums);
      Surroundings surroundings("1\n2\n3\n4\n");
      const std::string given = surroundings.file("given");
      surroundings.use_chunks(4);
      surroundings.options.command = {
          {"/bin/sh", "-c", "tee '" + given + "' | '" + p2_sum() + "'"}, "p2_sum", is_p2_sum};
      surroundings.options.checksum = has_checksums;
      Results results;
      CHECK(surroundings.deal([&](Writer& writer) { results = read_all(writer); }) == Thrown());
      CHECK(results.lines == "0,1\n1,2\n2,3\n3,4\n");
      const Seen seen = seen_in(contents_of(given));
      CHECK(seen.thrown == Thrown());
      CHECK(seen.chunks.size() == (is_p2_sum && !has_checksums ? 1 : 0));
      if (!seen.chunks.empty()) CHECK(seen.chunks[0].range == Range{4, 8});
    }
  }
}

TEST_CASE("worker dealing: lines of short rows come through the ring for results") {
  std::string input;
  for (int row = 0; row < 100'000; ++row) input += "123,456\n";
  for (const bool is_p2_sum : {true, false}) {
    Surroundings surroundings(input);
    surroundings.batches.batch_size = 64 << 10;
    surroundings.use_chunks(64 << 10);
    surroundings.options.command.is_p2_sum = is_p2_sum;
    Results results;
    const auto read = [&](Writer& writer) { results = read_all(writer); };
    CHECK(surroundings.deal(read) == Thrown());
    CHECK(results.ranges.size() > 8);
    // The first ones find room there.
    CHECK((results.in_ring > 2) == is_p2_sum);
  }
}

TEST_CASE("worker dealing: nothing is scanned long after what is wrong with the input") {
  std::string input = "1\n2345\n";
  for (int row = 0; row < 100; ++row) input += "1\n";
  Surroundings surroundings(input);
  const std::string given = surroundings.file("given");
  surroundings.use_chunks(2);
  surroundings.batches.max_row = 3;
  surroundings.options.command.words = {"/bin/sh", "-c",
                                        "tee '" + given + "' | '" + p2_sum() + "'"};
  CHECK(surroundings.deal([&](Writer& writer) { read_all(writer); }).status ==
        ExitStatus::bad_data);
  const size_t chunks = seen_in(contents_of(given)).chunks.size();
  CHECK(chunks > 2);
  CHECK(chunks < 20);
}

TEST_CASE("worker dealing: a chunk that has gone is told after all before it") {
  std::string input;
  for (int row = 0; row < 100; ++row) input += "1\n";
  Surroundings surroundings(input);
  surroundings.use_chunks(2);
  Results results;
  const Thrown thrown = surroundings.deal([&](Writer& writer) {
    // Nothing has been received, so most chunks have not been dealt.
    results = read_all(writer, [&] { std::filesystem::resize_file(surroundings.input(), 0); });
  });
  CHECK(thrown == Thrown{ExitStatus::io, surroundings.input() + ": it shrank while it was read"});
  REQUIRE_FALSE(results.ranges.empty());
  CHECK(results.ranges.size() < 100);
  const uint64_t end = results.ranges.back().end;
  CHECK(results.verdict == Verdict{ExitStatus::io, end, end / 2});
}
