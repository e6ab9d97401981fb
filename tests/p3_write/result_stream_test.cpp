// SPDX-License-Identifier: MIT
#include "p3_write/result_stream.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/shown_results.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

const std::vector<Reject> rejects = {{1, 2, 8, 4, "'x' is not an integer", "7,x\n"}};
const Result first = {{{0, 4}, 4, 0, 0, 2}, "0,1\n1,2\n", {}};
const Result second = {{{4, 14}, 10, 1, unknown_row, 2}, "2,3\n", rejects};

/// What goes into a pipe that has the name of a file.
template <typename Use>
std::string written(Use use) {
  CollectedPipe pipe;
  {
    ResultStream output("/dev/fd/" + std::to_string(pipe.in()));
    use(output);
  }
  return pipe.end();
}

}  // namespace

TEST_CASE("result_stream: results come out as they came in, with checksums, and in one stream") {
  Hello hello = hello_of(Content::results);
  hello.begin = 0;
  hello.end = 14;
  hello.inputs = {"in.csv", "second.csv"};
  hello.part = {2, 3};
  hello.command = "--command=cat";
  Hello of_worker = hello;
  of_worker.shared = {7, 4096};
  of_worker.place = 3;
  of_worker.life = 1;
  Hello of_other = of_worker;
  of_other.place = 4;

  ExitStatus status = ExitStatus::internal;
  const std::string bytes = written([&](ResultStream& output) {
    Source source;
    output.begin(of_worker);
    output.begin(of_other);
    CHECK(output.write(source.show(first), 0) == 0);
    source.next();
    CHECK(output.write(source.show(second), 2) == 1);
    CHECK(output.rejects() == 1);
    status = output.commit();
  });
  CHECK(status == ExitStatus::complete);
  const Seen seen = seen_in(bytes, Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello);
  REQUIRE(seen.frames.size() == 2);
  CHECK(seen.frames[0].text == first.lines);
  CHECK(seen.frames[0].batch.range == first.batch.range);
  CHECK(seen.frames[1].text == second.lines);
  CHECK(seen.frames[1].batch.first_row == unknown_row);
  CHECK(seen.frames[1].batch.input == 1);
  CHECK(seen.frames[1].rejects == rejects);
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 14, 4});

  std::string damaged = bytes;
  damaged[bytes.find("0,1\n")] = '8';
  CHECK(seen_in(damaged, Content::results).thrown.message ==
        "in.0: a damaged frame (bytes 0 to 4)");
}

TEST_CASE("result_stream: a header line comes again only where it becomes another one") {
  const Seen seen = seen_in(written([&](ResultStream& output) {
                              Source source;
                              output.begin(hello_of(Content::results));
                              const StreamParser& stream = source.show(first);
                              for (const char* const line : {"", "a\n", "a\n", "", "b\n", "a\n"}) {
                                output.write_header_line(stream, line);
                              }
                              output.fail(ExitStatus::io);
                            }),
                            Content::results);
  CHECK(seen.headers == std::vector<Seen::Header>{{0, "a\n"}, {0, "b\n"}, {0, "a\n"}});
}

TEST_CASE("result_stream: the verdict of a run that fails") {
  const std::string none = written([](ResultStream& output) { output.fail(ExitStatus::no_input); });
  CHECK(seen_in(none, Content::results).verdict == Verdict{ExitStatus::no_input, 0, 0});
  const Seen seen = seen_in(written([](ResultStream& output) {
                              Source source;
                              output.begin(hello_of(Content::results));
                              output.write(source.show(first), 0);
                              output.fail(ExitStatus::bad_data);
                            }),
                            Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.frames.size() == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::bad_data, 4, 0});
}

TEST_CASE("result_stream: nothing at all is a stream as well") {
  const Seen seen =
      seen_in(written([](ResultStream& output) { output.commit(); }), Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.verdict == Verdict{});
  Hello later = hello_of(Content::results);
  later.begin = 10;
  const auto begin_only = [&](ResultStream& output) {
    output.begin(later);
    output.commit();
  };
  CHECK(seen_in(written(begin_only), Content::results).verdict ==
        Verdict{ExitStatus::complete, 10, 0});
}

TEST_CASE("result_stream: a plain file appears when the stream is complete, and only then") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("results");
  {
    ResultStream output(path);
    output.begin(hello_of(Content::results));
    output.fail(ExitStatus::bad_data);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    ResultStream output(path);
    output.begin(hello_of(Content::results));
    CHECK_FALSE(std::filesystem::exists(path));
    output.commit();
  }
  CHECK(seen_in(contents_of(path), Content::results).verdict == Verdict{});
  CHECK(thrown_by([&] { ResultStream(directory.file("missing/results")); }).status ==
        ExitStatus::cannot_create);
}
