// SPDX-License-Identifier: MIT
#include "p2_sum/shell_command.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "common/base/failure.h"
#include "common/base/terminal.h"
#include "common/io/descriptors.h"
#include "common/io/orphans.h"
#include "common/io/read_write.h"
#include "common/wire/overdue_signal.h"

namespace rowsum {

namespace {

constexpr const char* out_name = "the output of the command";
constexpr const char* err_name = "the standard error of the command";

/// Whether one of the variables, "NAME=VALUE" each, has the same name.
bool is_named_in(const std::vector<std::string>& variables, const std::string& variable) {
  const auto name_of = [](std::string_view text) { return text.substr(0, text.find('=')); };
  const auto is_it = [&](const std::string& other) { return name_of(other) == name_of(variable); };
  return std::any_of(variables.begin(), variables.end(), is_it);
}

sigset_t only(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  return set;
}

/// A descriptor that is readable once overdue_signal has come, until forget_overdue().
OwnedFd receive_overdue_signal() {
  const sigset_t set = only(overdue_signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  OwnedFd file(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, "signalfd");
  return file;
}

}  // namespace

ShellCommand::ShellCommand(const std::string& command, int in, std::vector<std::string> environment)
    : overdue_(receive_overdue_signal()) {
  auto [out, out_end] = make_pipe();
  auto [err, err_end] = make_pipe();
  widen_pipe(out.get());
  make_non_blocking(out.get(), out_name);
  make_non_blocking(err.get(), err_name);
  // If a name were there twice, some programs would take the first, and others the last.
  for (std::string& variable : own_environment()) {
    if (!is_named_in(environment, variable)) environment.push_back(std::move(variable));
  }
  pid_ = start_process({.words = {"/bin/sh", "-c", command},
                        .environment = std::move(environment),
                        .in = in,
                        .out = out_end.get(),
                        .err = err_end.get(),
                        .signal_at_death = SIGKILL});
  out_ = std::move(out);
  err_ = std::move(err);
  exit_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!exit_.is_open()) {
    const Failure failure = Failure::from_errno(ExitStatus::system, "cannot watch /bin/sh");
    end();
    throw Failure(failure);
  }
}

ShellCommand::~ShellCommand() {
  if (pid_ > 0) end();
}

void ShellCommand::forget_overdue() {
  const sigset_t set = only(overdue_signal);
  const timespec now = {};
  ::sigtimedwait(&set, nullptr, &now);
}

bool ShellCommand::wait(int to_write, int timeout_ms) {
  return wait(out_.get(), to_write, timeout_ms);
}

bool ShellCommand::gather(int time_ms) {
  wait(-1, -1, time_ms);
  int held = 0;
  ::ioctl(out_.get(), FIONREAD, &held);
  return held < ::fcntl(out_.get(), F_GETPIPE_SZ) / 4;
}

/// wait() for what comes from `to_read`.
bool ShellCommand::wait(int to_read, int to_write, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  // Errors that are passed on are no event, but the end of the command, and of its time, is one,
  // once.
  while (true) {
    int left = -1;
    if (timeout_ms >= 0) {
      const auto time = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      left = static_cast<int>(std::max<int64_t>(time.count(), 0));
    }
    std::array<pollfd, 6> fds{{{STDOUT_FILENO, 0, 0},
                               {to_read, POLLIN, 0},
                               {err_.get(), POLLIN, 0},
                               {has_ended_ ? -1 : exit_.get(), POLLIN, 0},
                               {is_overdue_ ? -1 : overdue_.get(), POLLIN, 0},
                               {to_write, POLLOUT, 0}}};
    const int events = poll_fds(fds, left);
    if (fds[0].revents & (POLLERR | POLLHUP)) {
      throw Failure::silent(ExitStatus::downstream_closed);
    }
    if (fds[2].revents != 0) pass_on_errors();
    if (fds[3].revents != 0) has_ended_ = true;
    if (fds[4].revents != 0) is_overdue_ = true;
    for (const size_t event : {1, 3, 4, 5}) {
      if (fds[event].revents != 0) return true;
    }
    if (events == 0 || left == 0) return false;
  }
}

ssize_t ShellCommand::read(std::span<char> into) {
  if (!out_.is_open()) return 0;
  const ssize_t n = read_available(out_.get(), into, out_name);
  if (n == 0) out_.close();  // otherwise wait() would go on to report the end
  return n;
}

void ShellCommand::kill_rest() {
  const auto is_command = [this](pid_t pid) { return pid == pid_; };
  while (kill_orphans("", is_command)) ::poll(nullptr, 0, 1);
}

Fate ShellCommand::end() {
  ::kill(pid_, SIGKILL);  // no other process can have its number before it is waited for
  const Fate fate = wait_for(std::exchange(pid_, 0));
  kill_rest();
  while (err_.is_open() && pass_on_errors()) {
  }
  if (!errors_.empty()) pass_on(errors_.size());
  return fate;
}

/// Returns whether something was there.
bool ShellCommand::pass_on_errors() {
  // With an LF, so much still goes into a pipe in one piece (PIPE_BUF), whoever else writes there.
  std::array<char, PIPE_BUF - 1> bytes;
  const std::span<char> room = std::span(bytes).first(bytes.size() - errors_.size());
  const ssize_t n = read_available(err_.get(), room, err_name);
  if (n < 0) return false;
  if (n == 0) {
    err_.close();
    return false;
  }
  errors_.append(bytes.data(), static_cast<size_t>(n));
  const size_t end = errors_.rfind('\n');
  if (end != errors_.npos) {
    pass_on(end + 1);
  } else if (errors_.size() == bytes.size()) {
    pass_on(errors_.size());
  }
  return true;
}

/// Passes on so many bytes of errors_, and adds an LF if they do not end with one.
void ShellCommand::pass_on(size_t size) {
  std::string lines = errors_.substr(0, size);
  errors_.erase(0, size);
  const size_t end = lines.find_last_not_of('\n') + 1;
  if (end > 0) last_line_ = lines.substr(0, end).substr(lines.find_last_of('\n', end - 1) + 1);
  if (!lines.ends_with('\n')) lines += '\n';
  lines.insert(0, before_lines(STDERR_FILENO));
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, lines.data(), lines.size());
}

}  // namespace rowsum
