// SPDX-License-Identifier: MIT
#include "p3_write/result_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/shown_results.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

/// What was written for some results.
struct Outcome {
  Thrown thrown;
  ExitStatus status = ExitStatus::internal;  // what commit() returned, unless something was thrown
  std::string reports;
  bool has_output = false;
  std::string output;
  std::string rejects;
};

/// While this object exists, standard error is a pipe.
class Reports {
 public:
  Reports() : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(pipe_.in.get(), STDERR_FILENO);
    pipe_.in.close();
  }
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports() { end(); }

  std::string end() {
    if (!before_.is_open()) return "";
    ::dup2(before_.get(), STDERR_FILENO);
    before_.close();
    return read_to_end(pipe_.out.get());
  }

 private:
  Pipe pipe_;
  OwnedFd before_;
};

/// Writes the results to files. The numbers of rows go on from `first_row`.
Outcome outcome_of(const std::vector<Result>& results, WriteOptions options = {},
                   uint64_t first_row = 0) {
  const TemporaryDirectory directory;
  options.output = directory.file("sums.csv");
  if (options.skip_rejects) options.rejects = directory.file("rejects.csv");
  Outcome outcome;
  Source source;
  Reports reports;
  OwnedFd unfinished;
  outcome.thrown = thrown_by([&] {
    ResultWriter writer(options);
    // A failed run leaves no file under its name. What was written can be read through the
    // descriptor.
    unfinished = OwnedFd(::dup(writer.fd()));
    for (const Result& result : results) {
      writer.write(source.show(result), first_row);
      source.next();
      first_row += result.batch.rows;
    }
    outcome.status = writer.commit();
  });
  outcome.reports = reports.end();
  outcome.has_output = std::filesystem::exists(options.output);
  if (unfinished.is_open()) {
    outcome.output = contents_of("/proc/self/fd/" + std::to_string(unfinished.get()));
  }
  if (options.skip_rejects && outcome.has_output) outcome.rejects = contents_of(options.rejects);
  return outcome;
}

WriteOptions skipping() {
  WriteOptions options;
  options.skip_rejects = true;
  return options;
}

/// Batches of `bytes` bytes of input, with one row each unless another number is given.
Batch batch(uint64_t begin, uint64_t end, uint64_t first_row, uint64_t rows = 1,
            uint32_t input = 0) {
  return {{begin, end}, end - begin, input, first_row, rows};
}

const std::vector<Result> good = {{batch(0, 4, 0, 2), "0,1\n1,2\n", {}},
                                  {batch(4, 6, 2), "2,3\n", {}}};
const std::vector<Result> bad = {{batch(0, 4, 0, 2), "0,1\n1,2\n", {}},
                                 {batch(4, 14, 2, 4),
                                  "2,3\n4,5\n",
                                  {{1, 2, 8, 4, "'x\\n' is not an integer", "7,\"x\n\"\n"},
                                   {3, 1, 12, 8, "'' is not an integer", ",\n"}}},
                                 {batch(14, 16, 6), "6,7\n", {}}};

}  // namespace

TEST_CASE("result_writer: lines go out as they are") {
  const Outcome outcome = outcome_of(good);
  CHECK(outcome.thrown.status == ExitStatus::complete);
  CHECK(outcome.status == ExitStatus::complete);
  CHECK(outcome.has_output);
  CHECK(outcome.output == "0,1\n1,2\n2,3\n");
  CHECK(outcome.reports == "");
}

TEST_CASE("result_writer: a header line has the form of the lines after it") {
  const TemporaryDirectory directory;
  const auto output_of = [&](LineKind lines, LineForm form) {
    WriteOptions options;
    options.output = directory.file("sums.csv");
    options.form = form;
    Source source(lines);
    ResultWriter writer(options);
    const StreamParser& stream = source.show(good[0]);
    writer.write_header_line(stream, "");
    writer.write_header_line(stream, "a,b\n");
    writer.write_header_line(stream, lines == LineKind::any ? "a,b\n" : "other\n");
    writer.write(stream, 0);
    writer.write_header_line(stream, lines == LineKind::any ? "a,b\n" : "late\n");
    writer.commit();
    return contents_of(options.output);
  };
  const bool crlf = true, index = true;
  CHECK(output_of(LineKind::text, {}) == "index,a,b\n0,1\n1,2\n");
  CHECK(output_of(LineKind::text, {!crlf, !index}) == "a,b\n1\n2\n");
  CHECK(output_of(LineKind::text, {crlf, index}) == "index,a,b\r\n0,1\r\n1,2\r\n");
  CHECK(output_of(LineKind::text, {crlf, !index}) == "a,b\r\n1\r\n2\r\n");
  // Lines without an index, which are written as they are.
  CHECK(output_of(LineKind::any, {}) == "a,b\n0,1\n1,2\n");
  CHECK(output_of(LineKind::any, {crlf, !index}) == "a,b\n0,1\n1,2\n");
}

TEST_CASE("result_writer: any lines with another header line than before may have none") {
  const TemporaryDirectory directory;
  WriteOptions options;
  options.output = directory.file("sums.csv");
  Source source(LineKind::any);
  ResultWriter writer(options);
  const StreamParser& stream = source.show(good[0]);
  writer.write_header_line(stream, "a,b\n");
  writer.write(stream, 0);
  CHECK(thrown_by([&] { writer.write_header_line(stream, "3\t4\n"); }) ==
        Thrown{ExitStatus::bad_data,
               "in.csv: one answer begins with 'a,b' and another with '3\\t4', but --header=repeat "
               "takes these lines for a header; try --header"});
}

TEST_CASE("result_writer: no results make an empty file") {
  const Outcome outcome = outcome_of({});
  CHECK(outcome.status == ExitStatus::complete);
  CHECK(outcome.has_output);
  CHECK(outcome.output == "");
}

TEST_CASE("result_writer: another form") {
  WriteOptions options;
  options.form = {.crlf = true, .has_index = false};
  CHECK(outcome_of(good, options).output == "1\r\n2\r\n3\r\n");
}

TEST_CASE("result_writer: a header, once, also without results or rows") {
  WriteOptions options;
  options.form.has_header = true;
  CHECK(outcome_of(good, options).output == "index,sum\n0,1\n1,2\n2,3\n");
  CHECK(outcome_of({}, options).output == "index,sum\n");
  CHECK(outcome_of({{batch(0, 4, 0, 0), "", {}}}, options).output == "index,sum\n");
  CHECK(outcome_of(bad, options).output == "index,sum\n0,1\n1,2\n2,3\n");
  options.form.has_index = false;
  options.form.crlf = true;
  CHECK(outcome_of(good, options).output == "sum\r\n1\r\n2\r\n3\r\n");
}

TEST_CASE("result_writer: unknown rows get their numbers here") {
  std::vector<Result> parts = {{batch(0, 4, unknown_row, 2), "0,1\n1,2\n", {}},
                               {batch(4, 6, unknown_row), "0,3\n", {}},
                               {batch(6, 8, 3), "3,4\n", {}}};
  CHECK(outcome_of(parts).output == "0,1\n1,2\n2,3\n3,4\n");
  parts.pop_back();
  CHECK(outcome_of(parts, {}, 100).output == "100,1\n101,2\n102,3\n");

  parts = {{batch(0, 4, unknown_row, 2), "1,2\n", {{0, 1, 0, 0, "'x' is wrong", "x\n"}}}};
  const Outcome outcome = outcome_of(parts, skipping(), 41);
  CHECK(outcome.output == "42,2\n");
  CHECK(outcome.reports.find("row 41, field 1") != std::string::npos);
}

TEST_CASE("result_writer: the first reject ends the run, after the rows before it") {
  const Outcome outcome = outcome_of(bad);
  CHECK(outcome.thrown.status == ExitStatus::bad_data);
  CHECK(outcome.thrown.message == "");
  CHECK(outcome.output == "0,1\n1,2\n2,3\n");
  CHECK_FALSE(outcome.has_output);
  CHECK(
      outcome.reports.ends_with("in.csv: row 3, field 2 (byte 8): 'x\\n' is not an integer; to sum "
                                "only some fields: -f LIST\n"));
  CHECK(std::count(outcome.reports.begin(), outcome.reports.end(), '\n') == 1);
}

TEST_CASE("result_writer: rejects that may be skipped are reported and kept") {
  const Outcome outcome = outcome_of(bad, skipping());
  CHECK(outcome.status == ExitStatus::some_rejected);
  CHECK(outcome.output == "0,1\n1,2\n2,3\n4,5\n6,7\n");
  CHECK(outcome.rejects == "7,\"x\n\"\n,\n");
  const size_t first =
      outcome.reports.find("in.csv: row 3, field 2 (byte 8): 'x\\n' is not an integer; to sum ");
  const size_t second =
      outcome.reports.find("in.csv: row 5, field 1 (byte 12): '' is not an integer; to take ");
  REQUIRE(first != std::string::npos);
  REQUIRE(second != std::string::npos);
  CHECK(first < second);
  CHECK(std::count(outcome.reports.begin(), outcome.reports.end(), '\n') == 2);
}

TEST_CASE("result_writer: some rejects are reported, and then how many more there are") {
  const auto lines_of = [](unsigned most) {
    WriteOptions options = skipping();
    options.reports = most;
    const Outcome outcome = outcome_of(bad, options);
    CHECK(outcome.status == ExitStatus::some_rejected);
    CHECK(outcome.rejects == "7,\"x\n\"\n,\n");
    std::istringstream reports(outcome.reports);
    std::vector<std::string> lines;
    for (std::string line; std::getline(reports, line);) lines.push_back(line);
    return lines;
  };
  const auto none = lines_of(0), one = lines_of(1), all = lines_of(2);
  REQUIRE(none.size() == 1);
  CHECK(none[0].find(": 2 rejects; /") != std::string::npos);
  REQUIRE(one.size() == 2);
  CHECK(one[0].find("in.csv: row 3, ") != std::string::npos);
  CHECK(one[1].find(": and 1 more reject; /") != std::string::npos);
  CHECK(one[1].ends_with("/rejects.csv has them all"));
  REQUIRE(all.size() == 2);
  CHECK(all[1].find("in.csv: row 5, ") != std::string::npos);
}

TEST_CASE("result_writer: no rejects, an empty file for them") {
  const Outcome outcome = outcome_of(good, skipping());
  CHECK(outcome.status == ExitStatus::complete);
  CHECK(outcome.rejects == "");
}

TEST_CASE("result_writer: rows and bytes count from the beginning of the reject's own input, too") {
  // The second input is empty, so it is not reported.
  const std::vector<Result> results = {
      {batch(0, 10, 0), "0,1\n", {}},
      {batch(10, 14, 1, 1, 2), "", {{0, 1, 12, 0, "'x' is wrong", "x\n"}}},
      {batch(14, 16, 2, 1, 2), "", {{0, 1, 14, 0, "'y' is wrong", "y\n"}}}};
  const Outcome outcome = outcome_of(results, skipping());
  for (const char* report : {"third.csv: row 1, field 1 (row 0 of the file, byte 2): 'x'",
                             "third.csv: row 2, field 1 (row 1 of the file, byte 4): 'y'"}) {
    CHECK(outcome.reports.find(report) != std::string::npos);
  }
}

TEST_CASE("result_writer: a reject does not upset a terminal") {
  const std::vector<Result> results = {
      {batch(0, 10, 0), "", {{0, 1, 0, 0, "'\x1B[2J\x7F' is wrong", "\x1B[2J\xFF\n"}}}};
  const Outcome outcome = outcome_of(results, skipping());
  CHECK(outcome.reports.find("'\\x1b[2J\\x7f' is wrong\n") != std::string::npos);
  CHECK(outcome.rejects == "\x1B[2J\xFF\n");
}

TEST_CASE("result_writer: an output that cannot be created") {
  const TemporaryDirectory directory;
  WriteOptions options;
  options.output = directory.file("missing/sums.csv");
  CHECK(thrown_by([&] { ResultWriter writer(options); }).status == ExitStatus::cannot_create);
  options.output = directory.file("sums.csv");
  options.rejects = directory.file("missing/rejects.csv");
  CHECK(thrown_by([&] { ResultWriter writer(options); }).status == ExitStatus::cannot_create);
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("result_writer: a reject of a whole row is reported without a field") {
  const std::vector<Result> unread = {
      {batch(0, 4, 0, 2), "0,1\n1,2\n", {}},
      {batch(4, 8, 2), "", {{0, 0, 6, 0, "every worker dies of it", "3\n"}}},
      {batch(8, 10, 3), "3,4\n", {}}};
  const std::string report = "in.csv: row 2 (byte 6): every worker dies of it\n";
  const Outcome failed = outcome_of(unread);
  CHECK(failed.thrown.status == ExitStatus::bad_data);
  CHECK(failed.output == "0,1\n1,2\n");
  CHECK(failed.reports.ends_with(report));
  const Outcome skipped = outcome_of(unread, skipping());
  CHECK(skipped.status == ExitStatus::some_rejected);
  CHECK(skipped.output == "0,1\n1,2\n3,4\n");
  CHECK(skipped.rejects == "3\n");
  CHECK(skipped.reports.ends_with(report));
}

}  // namespace rowsum
