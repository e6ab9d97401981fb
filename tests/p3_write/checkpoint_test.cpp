// SPDX-License-Identifier: MIT
#include "p3_write/checkpoint.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

namespace fs = std::filesystem;

/// A p3_write with --resume, reduced to its files.
class Run {
 public:
  explicit Run(const TemporaryDirectory& directory, WriteOptions options = {})
      : options_(named(std::move(options), directory.file("sums.csv"))),
        output_(Output::partial(options_.output)),
        checkpoint_(options_, output_, nullptr) {}

  Checkpoint& checkpoint() { return checkpoint_; }
  Output& output() { return output_; }

  void accept(uint64_t input_size = 12) {
    Hello hello = hello_of(Content::results);
    hello.identity.size = input_size;
    hello.begin = checkpoint_.state().offset;
    checkpoint_.accept(hello);
  }

 private:
  static WriteOptions named(WriteOptions options, const std::string& path) {
    options.output = path;
    return options;
  }

  WriteOptions options_;
  Output output_;
  Checkpoint checkpoint_;
};

/// Leaves 8 bytes of output. The journal speaks of 4 of them.
void run_and_fail(const TemporaryDirectory& directory) {
  Run run(directory);
  run.accept();
  run.output().write("0,1\n");
  run.checkpoint().note({6, 1, 4, 0, false, false});
  run.checkpoint().save();
  run.output().write("1,2\n");
}

}  // namespace

TEST_CASE("checkpoint: a new run begins at the beginning, and leaves nothing if it never did") {
  const TemporaryDirectory directory;
  {
    Run run(directory);
    CHECK(run.checkpoint().state() == Journal::State());
  }
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("checkpoint: what the journal does not know is cut off") {
  const TemporaryDirectory directory;
  run_and_fail(directory);
  CHECK(contents_of(directory.file("sums.csv.partial")) == "0,1\n1,2\n");
  Run run(directory);
  CHECK(run.checkpoint().state() == Journal::State{6, 1, 4, 0, false, false});
  run.accept();
  CHECK(contents_of(directory.file("sums.csv.partial")) == "0,1\n");
  run.output().write("1,3\n");
  run.output().commit();
  run.checkpoint().remove();
  CHECK(contents_of(directory.file("sums.csv")) == "0,1\n1,3\n");
}

TEST_CASE("checkpoint: while nothing is done, all may change") {
  const TemporaryDirectory directory;
  {
    Run run(directory);
    run.accept();
    run.output().write("0,1\n");
    run.checkpoint().save();
  }
  WriteOptions other;
  other.form.crlf = true;
  Run run(directory, other);
  CHECK(run.checkpoint().state() == Journal::State());
  run.accept(13);
  CHECK(run.output().size() == 0);
}

TEST_CASE("checkpoint: a journal whose files have gone is void") {
  const TemporaryDirectory directory;
  run_and_fail(directory);
  SUBCASE("no file") {
    fs::remove(directory.file("sums.csv.partial"));
  }
  SUBCASE("a shorter one") {
    fs::resize_file(directory.file("sums.csv.partial"), 3);
  }
  Run run(directory);
  CHECK(run.checkpoint().state() == Journal::State());
}

TEST_CASE("checkpoint: a run that was killed when the file had its name has nothing left to do") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("sums.csv");
  {
    Run run(directory);
    run.accept();
    run.output().write("0,1\n");
    run.checkpoint().note({12, 1, 4, 0, false, false});
    run.checkpoint().complete();
    run.output().commit();
  }
  SUBCASE("it is still there") {
    {
      Run run(directory);
      CHECK(run.checkpoint().state().offset == 12);
      run.accept();
      run.checkpoint().complete();
      run.output().commit();
      run.checkpoint().remove();
    }
    CHECK(contents_of(path) == "0,1\n");
    CHECK(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()) == 1);
  }
  SUBCASE("or it is not") {
    write_file(path, "");
    Run run(directory);
    CHECK(run.checkpoint().state() == Journal::State());
  }
}

TEST_CASE("checkpoint: if all begins anew, so does a file that has its name already") {
  const TemporaryDirectory directory;
  WriteOptions options;
  options.skip_rejects = true;
  options.output = directory.file("sums.csv");
  options.rejects = directory.file("rejects");
  Hello hello = hello_of(Content::results);
  {
    Output output = Output::partial(options.output), rejects = Output::partial(options.rejects);
    Checkpoint checkpoint(options, output, &rejects);
    checkpoint.accept(hello);
    output.write("0,1\n");
    rejects.write("x\n");
    checkpoint.note({12, 2, 4, 2, true, false});
    checkpoint.complete();
    rejects.commit();
    output.commit();
  }
  fs::remove(options.rejects);
  Output output = Output::partial(options.output), rejects = Output::partial(options.rejects);
  Checkpoint checkpoint(options, output, &rejects);
  CHECK(checkpoint.state() == Journal::State());
  hello.identity.size = 13;
  checkpoint.accept(hello);
  output.write("0,2\n");
  checkpoint.complete();
  output.commit();
  CHECK(contents_of(options.output) == "0,2\n");
}

TEST_CASE(
    "checkpoint: another input, other options and damage are refused, and nothing is touched") {
  const TemporaryDirectory directory;
  run_and_fail(directory);
  const std::string path = directory.file("sums.csv.journal");
  const std::string journal = contents_of(path);
  const std::string again = "; remove it to begin anew";
  {
    Run run(directory);
    CHECK(thrown_by([&] { run.accept(13); }) ==
          Thrown{ExitStatus::bad_data,
                 path + ": of another input than in.csv, or it has changed since" + again});
  }
  const std::vector<std::pair<LineForm, std::string>> others = {
      {{.crlf = true}, "--crlf"},
      {{.has_index = false}, "--no-index"},
      {{.delimiter = '\t'}, "--output-delimiter=\\t"},
      {{.delimiter = ';'}, "--output-delimiter=;"},
      {{.is_json = true}, "--format=jsonl"},
      {{.has_header = true}, "--output-header"}};
  for (const auto& [form, option] : others) {
    WriteOptions options;
    options.form = form;
    CHECK(
        thrown_by([&] { Run(directory, options); }) ==
        Thrown{ExitStatus::bad_data,
               path + ": of a run with --on-error=fail and not --on-error=fail " + option + again});
  }
  CHECK(contents_of(path) == journal);
  CHECK(contents_of(directory.file("sums.csv.partial")) == "0,1\n1,2\n");
  write_file(path, journal.substr(1));
  CHECK(thrown_by([&] { Run run(directory); }) ==
        Thrown{ExitStatus::bad_data, path + ": damaged" + again});
}

TEST_CASE("checkpoint: only one at a time") {
  const TemporaryDirectory directory;
  Run first(directory);
  CHECK(thrown_by([&] { Run second(directory); }) ==
        Thrown{ExitStatus::cannot_create,
               directory.file("sums.csv") + ".partial: another run is writing it"});
  CHECK(fs::exists(directory.file("sums.csv.partial")));
}

}  // namespace rowsum
