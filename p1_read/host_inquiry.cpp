// SPDX-License-Identifier: MIT
#include "p1_read/host_inquiry.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/process.h"
#include "common/io/read_write.h"
#include "common/wire/stream_parser.h"
#include "common/wire/stream_writer.h"

namespace rowsum {

namespace {

/// The most that is looked at of what comes from a host.
constexpr size_t longest_answer = 64 << 10;

/// A file in memory that cannot become longer than `longest_answer`. To write more is an error.
OwnedFd answer_file(const char* name) {
  OwnedFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.is_open() || ::ftruncate(file.get(), longest_answer) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
    throw Failure::from_errno(ExitStatus::system, name);
  }
  return file;
}

/// What has been written, through any descriptor of this open file.
std::string content_of(const OwnedFd& file) {
  std::string content(static_cast<size_t>(::lseek(file.get(), 0, SEEK_CUR)), '\0');
  content.resize(pread_fully(file.get(), content, 0, "the answer of a host"));
  return content;
}

OwnedFd question_file() {
  const char* const name = "the question";
  OwnedFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, name);
  write_all(file.get(), hello_frame({}) + end_frame({ExitStatus::complete, 0, 0}), name);
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// The last line that is not empty. It is the one in which ssh, or a shell, says why it ends.
std::string last_line(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

/// Throws a Failure that says what is wrong with the answer of p2_sum.
void check_stream(const std::string& name, std::string_view answer) {
  StreamParser stream(name, Content::results);
  while (stream.item() != StreamParser::Item::end) {
    if (stream.item() != StreamParser::Item::none) stream.next();
    if (stream.item() != StreamParser::Item::none) continue;
    const std::span<char> space = stream.space();
    const size_t n = answer.copy(space.data(), space.size());
    answer.remove_prefix(n);
    stream.filled(n);
  }
}

}  // namespace

HostInquiry::HostInquiry(const std::vector<Host>& hosts, const std::vector<std::string>& ssh) {
  for (const Host& host : hosts) questions_.emplace_back().host = host;
  for (Question& question : questions_) {
    if (!question.host.is_here()) ask(question, ssh);
  }
}

HostInquiry::~HostInquiry() {
  for (const Question& question : questions_) {
    if (question.pid == 0) continue;
    ::kill(-question.pid, SIGKILL);
    wait_for(question.pid);
  }
}

void HostInquiry::ask(Question& question, const std::vector<std::string>& ssh) {
  const OwnedFd input = question_file();
  question.output = answer_file("the answer");
  question.errors = answer_file("the errors");
  question.pid =
      start_process({.words = words_on(question.host, ssh, "nproc && " + p2_sum_there({})),
                     .environment = own_environment(),
                     .in = input.get(),
                     .out = question.output.get(),
                     .err = question.errors.get(),
                     .signal_at_death = SIGKILL,
                     .leads_session = true});
  question.exit = watch(question.pid);
  if (!question.exit.is_open()) throw Failure::from_errno(ExitStatus::system, "cannot watch ssh");
}

void HostInquiry::to_poll(std::vector<pollfd>& fds) const {
  for (const Question& question : questions_) fds.push_back({question.exit.get(), POLLIN, 0});
}

void HostInquiry::polled(std::span<const pollfd> fds) {
  for (size_t i = 0; i < questions_.size(); ++i) {
    if (fds[i].revents != 0 && !has_answered(i)) accept_answer(questions_[i]);
  }
}

void HostInquiry::accept_answer(Question& question) {
  const Fate fate = wait_for(std::exchange(question.pid, 0));
  question.exit.close();
  const auto fail = [&](const std::string& what) {
    throw Failure(ExitStatus::system, question.host.name + ": " + what);
  };
  const std::string errors = last_line(content_of(question.errors));
  const std::string answer = content_of(question.output);
  const size_t first_line = answer.find('\n');
  const bool has_stream = first_line != answer.npos && first_line + 1 < answer.size();
  if (has_stream) {
    const auto [end, error] =
        std::from_chars(answer.data(), answer.data() + first_line, question.processors);
    if (error != std::errc() || end != answer.data() + first_line || question.processors == 0) {
      fail("a shell that says '" + printable(answer.substr(0, first_line)) +
           "' before the worker says anything");
    }
    try {
      check_stream("p2_sum", std::string_view(answer).substr(first_line + 1));
    } catch (const Failure& failure) {
      fail(failure.what());
    }
  }
  if (fate.was_killed || fate.code != 0) {
    const std::string why = errors.empty() ? "ssh " + fate.describe() : printable(errors);
    // The shell there has not found p2_sum, after nproc has said something.
    const bool is_missing = !fate.was_killed && fate.code == 127 && first_line != answer.npos;
    fail(why + (is_missing ? "; p2_sum has to be in the PATH that ssh gives to a command" : ""));
  }
  if (!has_stream) fail("no answer comes through ssh");
}

}  // namespace rowsum
