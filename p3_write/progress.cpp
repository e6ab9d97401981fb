// SPDX-License-Identifier: MIT
#include "p3_write/progress.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/base/report.h"
#include "common/base/terminal.h"
#include "common/io/death_by_signal.h"

namespace rowsum {

namespace {

using namespace std::chrono_literals;

/// A run that is over sooner has no bar.
constexpr auto before_bar = 1000ms, between_bars = 200ms, between_lines = 10'000ms;

/// Set when this process goes on after it was stopped, for whatever reason.
std::atomic<bool> was_continued = false;

/// Installs a handler, unless the signal is ignored. System calls that it interrupts go on.
void handle(int signal, void (*handler)(int), int flags = 0) {
  struct sigaction action = {};
  if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | flags;
  ::sigaction(signal, &action, nullptr);
}

void write_to_terminal(std::string_view text) {
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Whether this process is in the foreground, and no other program has the terminal for itself.
bool may_draw() {
  const pid_t foreground = ::tcgetpgrp(STDERR_FILENO);
  const bool is_controlled = foreground >= 0;
  if (is_controlled && foreground != ::getpgrp()) return false;
  termios settings;
  return ::tcgetattr(STDERR_FILENO, &settings) == 0 && settings.c_lflag & ICANON;
}

/// Of the terminal; 0 if the bar has no line there.
size_t columns_for_bar() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_row == 1 ? 0 : size.ws_col;
}

}  // namespace

std::atomic<Progress*> Progress::shown_ = nullptr;

Progress::Progress() {
  shown_ = this;
  handle(SIGUSR1, tell);
}

Progress::~Progress() {
  erase();
  shown_ = nullptr;
}

void Progress::show(ProgressMode mode, bool output_may_be_seen) {
  output_may_be_seen_ = output_may_be_seen;
  if (mode == ProgressMode::never) return;
  if (mode == ProgressMode::automatic && output_may_be_seen) return;
  if (understands_escapes(STDERR_FILENO)) {
    display_ = Display::bar;
    next_ = start_ + before_bar;
    before_death_by_signal(erase_shown);
    handle(SIGTSTP, stop, SA_RESETHAND | SA_NODEFER);
  } else if (mode == ProgressMode::always) {
    display_ = Display::lines;
    next_ = start_ + between_lines;
  }
  handle(SIGCONT, [](int) { was_continued = true; });
}

void Progress::begin(uint64_t begin, uint64_t end, uint64_t row) {
  if (std::exchange(has_begun_, true)) return;
  begin_ = done_ = begin;
  end_ = end;
  rows_ = row;
}

void Progress::add(uint64_t bytes, uint64_t rows, uint64_t rejects) {
  done_ += bytes;
  rows_ += rows;
  rejects_ += rejects;
}

int Progress::time_left() const {
  if (display_ == Display::none) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - Clock::now());
  return static_cast<int>(std::max(left, 0ms).count());
}

void Progress::tick() {
  if (display_ == Display::none) return;
  const auto now = Clock::now();
  if (was_continued.exchange(false)) stopped_ = stopped_.load() + (now - last_tick_);
  last_tick_ = now;
  if (now < next_) return;
  if (display_ == Display::bar) {
    draw();
    next_ = now + between_bars;
  } else {
    const ProgressLine line = progress_text(numbers());
    report({line.data(), line.size()});
    next_ = now + between_lines;
  }
}

void Progress::make_way() {
  if (output_may_be_seen_) erase();
}

ProgressNumbers Progress::numbers() const {
  const auto elapsed = Clock::now() - start_ - stopped_.load();
  return {begin_,
          done_,
          end_,
          rows_,
          rejects_,
          workers_lost_,
          std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
}

void Progress::draw() {
  const size_t columns = columns_for_bar();
  if (columns == 0 || !may_draw()) return;
  // After the last column the terminal would go on in the next line.
  const ProgressLine line = progress_bar(numbers(), columns - 1);
  boost::static_string<ProgressLine::static_capacity + 32> text(erase_below.begin(),
                                                                erase_below.end());
  text.append("\033D\033[A");             // one line down and up: now there is a line below
  text.append("\0337\r\n").append(line);  // to the beginning of that line
  text.append("\0338");                   // back to where the cursor was
  is_drawn_ = true;
  write_to_terminal({text.data(), text.size()});
}

void Progress::erase() {
  if (is_drawn_.exchange(false) && may_draw()) write_to_terminal(erase_below);
}

void Progress::tell(int) {
  const int error = errno;
  if (const Progress* const progress = shown_) {
    const ProgressLine line = progress_text(progress->numbers());
    report({line.data(), line.size()});
  }
  errno = error;
}

/// The user stops this process, and others write to the terminal meanwhile.
void Progress::stop(int signal) {
  const int error = errno;
  erase_shown();
  ::raise(signal);  // which has its default action now (SA_RESETHAND)
  handle(signal, stop, SA_RESETHAND | SA_NODEFER);
  errno = error;
}

void Progress::erase_shown() {
  if (Progress* const progress = shown_) progress->erase();
}

}  // namespace rowsum
