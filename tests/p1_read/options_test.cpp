// SPDX-License-Identifier: MIT
#include "p1_read/options.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/thrown.h"
#include "tests/support/words.h"

namespace rowsum {

namespace {

using Strings = std::vector<std::string>;

/// While this object exists, standard output is no terminal.
class NoTerminal {
 public:
  NoTerminal() : before_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(open_file("/dev/null", O_WRONLY).get(), STDOUT_FILENO);
  }
  NoTerminal(const NoTerminal&) = delete;
  NoTerminal& operator=(const NoTerminal&) = delete;
  ~NoTerminal() { ::dup2(before_.get(), STDOUT_FILENO); }

 private:
  OwnedFd before_;
};

ReadOptions parse(const Strings& words) {
  const NoTerminal no_terminal;
  Words given(words);
  return *parse_read_options(given.argc(), given.argv());
}

/// The options of a worker that p1_read starts with these words.
WorkerOptions workers_of(Strings words) {
  words.push_back("--workers=2");
  return *parse(words).workers;
}

/// The arguments of that worker.
Strings arguments_of(const Strings& words) {
  const Strings all = workers_of(words).command.words;
  return {all.begin() + 1, all.end()};
}

/// What is wrong with these words, without the hint at --help.
std::string refusal_of(const Strings& words) {
  const Thrown thrown = thrown_by([&] { parse(words); });
  CHECK(thrown.status == ExitStatus::usage);
  return thrown.message.substr(0, thrown.message.find("; try '"));
}

}  // namespace

TEST_CASE("options of p1_read: header rows") {
  CHECK(parse({}).batches.header == HeaderRow::none);
  CHECK(parse({"--header"}).batches.header == HeaderRow::skip);
  CHECK(parse({"--header=skip"}).batches.header == HeaderRow::skip);
  CHECK(parse({"--header=repeat"}).batches.header == HeaderRow::repeat);
  // What follows as a word of its own is a file.
  const ReadOptions options = parse({"--header", "repeat", "in.csv"});
  CHECK(options.batches.header == HeaderRow::skip);
  CHECK(options.inputs == Strings{"repeat", "in.csv"});
  CHECK(refusal_of({"--header=no"}) == "--header: 'no' is neither skip nor repeat");
}

TEST_CASE("options of p1_read: fields") {
  CHECK(parse({}).batches.fields == FieldRules());
  CHECK(parse({"-f1,3-"}).batches.fields == FieldRules{"1,3-", false, false});
  CHECK(parse({"--header", "--fields", "a", "--complement"}).batches.fields ==
        FieldRules{"a", true, false});
  CHECK(parse({"--empty=reject"}).batches.fields == FieldRules());
  CHECK(parse({"--empty=zero"}).batches.fields == FieldRules{"", false, true});
  CHECK(refusal_of({"--fields", ""}) == "--fields: an empty list");
  CHECK(refusal_of({"--complement"}) == "--complement needs --fields");
  CHECK(refusal_of({"--empty=0"}) == "--empty: '0' is neither reject nor zero");
}

TEST_CASE("options of p1_read: how many deaths are taken for chance") {
  CHECK(workers_of({}).retries == 3);
  CHECK(workers_of({"--worker=cat"}).retries == 3);
  // Each failure of a command is reported, so fewer of them are waited for.
  CHECK(workers_of({"--command=a"}).retries == 1);
  CHECK(workers_of({"--coprocess=a"}).retries == 1);
  CHECK(workers_of({"--command=a", "--retries=5"}).retries == 5);
  CHECK(workers_of({"--retries=0"}).retries == 0);
}

TEST_CASE("options of p1_read: a command of the workers") {
  CHECK_FALSE(parse({}).workers);
  const WorkerOptions sums = workers_of({});
  CHECK(sums.places == 2);
  CHECK(sums.command.name == "p2_sum");
  CHECK(sums.command.is_p2_sum);
  CHECK(sums.command.words.size() == 1);
  CHECK(sums.command.words[0].ends_with("/p2_sum"));
  CHECK_FALSE(sums.has_command);

  const WorkerOptions workers = workers_of({"--command=a 'b'"});
  CHECK(workers.command.name == "p2_sum");
  CHECK(workers.command.is_p2_sum);
  CHECK(workers.has_command);
  CHECK(arguments_of({"--command=a 'b'"}) == Strings{"--command=a 'b'"});
  CHECK(arguments_of({"--command", "a", "--lines=any", "--one-line"}) ==
        Strings{"--command=a", "--lines=any", "--one-line"});
  const WorkerOptions coprocess = workers_of({"--coprocess=a"});
  CHECK(coprocess.has_command);
  CHECK(coprocess.command.words.back() == "--coprocess=a");
}

TEST_CASE("options of p1_read: --stats, --trace and --joblog") {
  const WorkerOptions none = workers_of({});
  CHECK_FALSE(none.stats);
  CHECK(none.trace == "");
  CHECK(none.joblog == "");
  const WorkerOptions all = workers_of({"--stats", "--trace=a b", "--joblog", "c"});
  CHECK(all.stats);
  CHECK(all.trace == "a b");
  CHECK(all.joblog == "c");
  CHECK(none.task == "p2_sum");
  CHECK(workers_of({"--worker", "nice p2_sum"}).task == "nice p2_sum");
  CHECK(workers_of({"--command", "bc -l"}).task == "bc -l");
  CHECK(workers_of({"--coprocess", "bc -l"}).task == "bc -l");
}

TEST_CASE(
    "options of p1_read: with a command, batches go to the place with least to do, and are paced") {
  CHECK(parse({"--workers=2"}).deal == DealPolicy::round_robin);
  CHECK_FALSE(workers_of({}).is_paced);
  CHECK(parse({"--workers=2", "--command=a"}).deal == DealPolicy::pull);
  CHECK(parse({"--workers=2", "--coprocess=a"}).deal == DealPolicy::pull);
  CHECK(parse({"--workers=2", "--command=a", "--deal=random"}).deal == DealPolicy::random);
  CHECK(workers_of({"--command=a"}).is_paced);
  CHECK(workers_of({"--coprocess=a"}).is_paced);
  CHECK_FALSE(workers_of({"--command=a", "--batch-size=1K"}).is_paced);
  CHECK(workers_of({"--coprocess=a"}).command_stays);
  CHECK_FALSE(workers_of({"--command=a"}).command_stays);
}

TEST_CASE("options of p1_read: what is refused of workers and commands") {
  const std::string excluded = "--worker excludes --command, --coprocess";
  CHECK(refusal_of({"--workers=2", "--worker=a", "--command=b"}) == excluded);
  CHECK(refusal_of({"--workers=2", "--worker=a", "--coprocess=b"}) == excluded);
  // No worker is to be started that could only say the same.
  CHECK(refusal_of({"--workers=2", "--command=a", "--lines=b"}) ==
        "--lines: 'b' is neither rows nor any");
  for (const std::string option :
       {"--worker", "--hosts", "--ssh", "--command", "--coprocess", "--trace", "--joblog"}) {
    CHECK(refusal_of({option + "=a"}) == option + " needs --workers");
  }
  CHECK(refusal_of({"--resume"}) == "--resume needs --workers");
  CHECK(refusal_of({"--stats"}) == "--stats needs --workers");
  CHECK(refusal_of({"--workers=2", "--joblog=-"}) ==
        "--joblog: standard output is no place for it");
  CHECK(refusal_of({"--workers=2", "--to=part"}) == "--workers and --to exclude each other");
}

TEST_CASE("options of p1_read: several hosts") {
  const auto with = [](Strings words) {
    words.push_back("--workers=auto");
    return parse(words);
  };
  const ReadOptions options = with({"--hosts=a,localhost,b:3"});
  const std::vector<Host>& hosts = options.workers->hosts;
  REQUIRE(hosts.size() == 3);
  CHECK(hosts[0] == Host{"a", 0});
  CHECK(hosts[1].places == with({}).workers->places);  // as many as without --hosts
  CHECK(hosts[2] == Host{"b", 3});
  CHECK(options.deal == DealPolicy::pull);
  CHECK(options.workers->ssh[0] == "ssh");
  CHECK(with({"--hosts=a", "--deal=random"}).deal == DealPolicy::random);
  CHECK(with({"--hosts=a", "--ssh=my\\ ssh -p 22"}).workers->ssh == Strings{"my ssh", "-p", "22"});

  CHECK(refusal_of({"--workers=2", "--hosts=a"}) ==
        "--hosts excludes -n, --workers: it says how many there are");
  CHECK(thrown_by([&] { with({"--hosts=a", "--worker=b"}); }).status == ExitStatus::usage);
  CHECK(thrown_by([&] { with({"--hosts=a", "--ssh="}); }).status == ExitStatus::usage);
  CHECK(refusal_of({"--workers=auto", "--ssh=a"}) == "--ssh needs --hosts");
}

TEST_CASE("options of p1_read: one of several parts") {
  CHECK_FALSE(parse({}).part);
  const auto outlined = parse({"--part=2/3", "--outline=o"}).part;
  REQUIRE(outlined);
  CHECK(outlined->part == Part{2, 3});
  CHECK(outlined->outline == "o");
  const auto dealt = parse({"--part=3/3", "--plan=p", "--workers=2"}).part;
  REQUIRE(dealt);
  CHECK(dealt->part == Part{3, 3});
  CHECK(dealt->plan == "p");
  CHECK(parse({"--fold", "a", "b"}).part->folds);

  for (const Strings& words : {Strings{"--part=1/2"},
                               {"--part=0/2", "--plan=p"},
                               {"--part=3/2", "--plan=p"},
                               {"--part=1", "--plan=p"},
                               {"--part=1/2", "--plan="},
                               {"--part=1/2", "--outline="},
                               {"--part=1/2", "--plan=p", "--outline=o"},
                               {"--plan=p"},
                               {"--outline=o"},
                               {"--fold", "--part=1/2", "--plan=p"},
                               {"--fold", "--workers=2"},
                               {"--part=1/2", "--outline=o", "--workers=2"},
                               {"--part=1/2", "--plan=p", "--resume", "--workers=2"}}) {
    CAPTURE(words);
    refusal_of(words);
  }
}

}  // namespace rowsum
