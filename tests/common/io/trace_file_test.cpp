// SPDX-License-Identifier: MIT
#include "common/io/trace_file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

using namespace rowsum;
using std::chrono::microseconds;

namespace {

constexpr TraceLane place_1{TraceProcess::workers, 1};

/// The number after "ts": in the last line that has one.
double last_time_in(const std::string& trace) {
  return std::stod(trace.substr(trace.rfind("\"ts\":") + 5));
}

}  // namespace

TEST_CASE("trace file: its lines") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("trace");
  {
    TraceFile trace = TraceFile::create(path);
    trace.name(TraceProcess::workers, "workers");
    trace.name(place_1, "place 1");
  }
  CHECK(contents_of(path) ==
        "[\n"
        R"({"name":"process_name","ph":"M","pid":2,"tid":1,"args":{"name":"workers"}},)"
        "\n"
        R"({"name":"process_sort_index","ph":"M","pid":2,"tid":1,"args":{"sort_index":2}},)"
        "\n"
        R"({"name":"thread_name","ph":"M","pid":2,"tid":2,"args":{"name":"place 1"}},)"
        "\n");
}

TEST_CASE("trace file: bars and instants") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("trace");
  TraceFile trace = TraceFile::create(path);
  const TraceFile::Time now = TraceFile::Clock::now();
  trace.bar(place_1, "batch", now, now + microseconds(1500), {{"begin", 7}, {"end", UINT64_MAX}});
  trace.flush();
  const std::string bar = contents_of(path);
  CHECK(bar.find(R"({"name":"batch","ph":"X","pid":2,"tid":2,"ts":)") != std::string::npos);
  CHECK(bar.ends_with(R"(,"dur":1500.000,"args":{"begin":7,"end":18446744073709551615}},)"
                      "\n"));
  trace.instant(place_1, "death", now, {});
  trace.flush();
  const std::string both = contents_of(path);
  CHECK(both.find(R"({"name":"death","ph":"i","pid":2,"tid":2,"s":"t","ts":)") == bar.size());
  CHECK(both.ends_with(R"(,"args":{}},)"
                       "\n"));
}

TEST_CASE("trace file: short waits are left out") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("trace");
  TraceFile trace = TraceFile::create(path);
  const TraceFile::Time now = TraceFile::Clock::now();
  trace.wait(place_1, "waiting", now, now + microseconds(99), {});
  trace.flush();
  CHECK(contents_of(path) == "[\n");
  trace.wait(place_1, "waiting", now, now + microseconds(100), {});
  trace.flush();
  CHECK(contents_of(path).find("\"dur\":100.000") != std::string::npos);
}

TEST_CASE("trace file: two processes have the same time, and append") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("trace");
  write_file(path, "an older trace");
  TraceFile first = TraceFile::create(path);
  const TraceFile::Time begin = TraceFile::Clock::now();
  TraceFile second = TraceFile::join(path);
  CHECK(::getenv("ROWSUM_TRACE_BEGIN") == nullptr);
  const TraceFile::Time time = begin + std::chrono::seconds(5);
  first.instant(place_1, "one", time, {});
  first.flush();
  second.instant(place_1, "two", time, {});
  second.flush();
  const std::string trace = contents_of(path);
  const size_t at_two = trace.find("two");
  REQUIRE(at_two != std::string::npos);
  CHECK(trace.starts_with("[\n{\"name\":\"one\""));
  CHECK(last_time_in(trace) == last_time_in(trace.substr(0, at_two)));
  CHECK(last_time_in(trace) >= 5e6);
  CHECK(last_time_in(trace) < 65e6);
}

TEST_CASE("trace file: one that cannot be opened") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("no/trace");
  const Thrown thrown{ExitStatus::cannot_create, path + ": No such file or directory"};
  CHECK(thrown_by([&] { TraceFile::create(path); }) == thrown);
  CHECK(thrown_by([&] { TraceFile::join(path); }) == thrown);
}

TEST_CASE("trace file: a disk that is full is no failure") {
  TraceFile trace = TraceFile::create("/dev/full");
  trace.name(place_1, "place 1");
  trace.flush();
}
