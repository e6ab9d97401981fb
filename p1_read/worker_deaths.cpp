// SPDX-License-Identifier: MIT
// The part of WorkerPlaces that handles workers that end, and workers that do not end when they
// should.
#include <algorithm>
#include <utility>

#include "common/base/exit_status.h"
#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"
#include "common/wire/overdue_signal.h"
#include "p1_read/worker_places.h"

namespace rowsum {

namespace {

using std::chrono::milliseconds;

/// The time between two probes of a place.
constexpr milliseconds between_probes(1000);
/// A probe that is later than this is left out: p1_read was stopped, and the other processes may
/// have been stopped, too.
constexpr milliseconds latest_probe(500);
/// A worker whose output is closed has usually died, and its end is noticed at once. A worker that
/// has not ended after this time has closed its output and goes on.
constexpr milliseconds patience_after_loss(1000);
/// How often, and for how long, p1_read looks for processes that a worker has left behind and that
/// keep its output open. A process that has removed ROWSUM_WORKER from its environment is not
/// found.
constexpr milliseconds between_sweeps(20);
constexpr milliseconds patience_with_what_is_left(2000);

/// The time between the death of a worker on another host and the start of the next one there. The
/// host, or its sshd, may be starting again.
constexpr milliseconds between_starts(1000);
/// What ssh(1) ends with if the connection has failed.
constexpr int status_of_ssh = 255;

/// Whether `status` is a failure in the suite's own table. A worker that ends with such a status
/// has reported why.
bool is_own_status(int status) {
  switch (static_cast<ExitStatus>(status)) {
    case ExitStatus::usage:
    case ExitStatus::bad_data:
    case ExitStatus::no_input:
    case ExitStatus::neighbour_vanished:
    case ExitStatus::internal:
    case ExitStatus::system:
    case ExitStatus::cannot_create:
    case ExitStatus::io:
    case ExitStatus::command_failed:
    case ExitStatus::downstream_closed:
      return true;
    case ExitStatus::complete:
    case ExitStatus::some_rejected:
      return false;
  }
  return false;
}

}  // namespace

std::string WorkerPlaces::name_of(size_t place) const {
  return worker_of(places_[place]).name + " at place " + std::to_string(place);
}

// --- Workers that end ---------------------------------------------------------------------------

/// Handles the death of a worker, once its process has ended and its stream is lost.
void WorkerPlaces::settle(size_t place) {
  Place& at = places_[place];
  // It does not matter how a worker ends if its stream has ended, or if the place gets no other
  // worker.
  if (!at.fate || !at.is_lost || at.has_ended || at.is_gone) return;
  const Fate fate = *at.fate;
  at.fate.reset();
  if (at.is_released) return start_next_worker(place);
  if (is_elsewhere(at)) callbacks_.opened(place, false);
  if (log_) log_death(place, fate);
  auto status = static_cast<ExitStatus>(fate.code);
  if (!fate.was_killed && status == ExitStatus::command_failed) return replace_worker(place, "");
  if (at.is_hung) {
    return replace_worker(place, "returned nothing for " + std::to_string(options_.worker_timeout) +
                                     " s and was killed");
  }
  if (fate.was_killed) return replace_worker(place, fate.describe());
  if (worker_of(at).is_elsewhere && fate.code == status_of_ssh) {
    return replace_worker(place, "has lost its connection");
  }
  if (status != ExitStatus::complete && !is_own_status(fate.code)) {
    return replace_worker(place, "ended with the unknown status " + std::to_string(fate.code));
  }
  // Of a worker whose stream has not ended, neither is true. The second is about the output of the
  // suite, to which a worker does not write.
  if (status == ExitStatus::complete || status == ExitStatus::downstream_closed) {
    status = ExitStatus::neighbour_vanished;
  }
  // p2_sum leaves it to the other programs to report a vanished neighbour.
  const bool is_told = worker_of(at).is_p2_sum && status != ExitStatus::neighbour_vanished;
  if (!is_told) report_failed_place(place, fate.describe() + " before the end of its stream");
  fail_place(place, status);
}

void WorkerPlaces::log_death(size_t place, const Fate& fate) {
  // All that this worker has sent.
  if (outlines_.is_open()) read_outlines();
  if (answers_.is_open()) read_answers();
  log_->died(place, fate, places_[place].is_hung);
}

/// `fate`: how the worker ended; empty if it has reported that itself.
void WorkerPlaces::replace_worker(size_t place, const std::string& fate) {
  Place& at = places_[place];
  if (outlines_.is_open()) read_outlines();  // all that this worker has sent
  // The death of a worker that is starting or ending does not depend on what it was given.
  const bool was_at_work = at.is_alive && !(at.is_told && at.ledger.is_empty());
  const Ledger::Death death = at.ledger.died(was_at_work);
  const bool is_hopeless = death == Ledger::Death::hopeless;
  if (is_hopeless && worker_of(at).is_elsewhere && substitute_host(at)) {
    if (!fate.empty()) report(name_of(place) + " " + fate);
    give_up_host(at.host);
    return start_next_worker(place);
  }
  if (is_hopeless) {
    if (!fate.empty()) report(name_of(place) + " " + fate);
    const unsigned deaths = options_.retries + 1;
    const std::string times = deaths == 1 ? "" : std::to_string(deaths) + " times in a row, ";
    report_failed_place(place, "died " + times + "whatever it was given");
    // The first failure counts.
    fail_place(place, is_failing() ? end_->status : ExitStatus::neighbour_vanished);
  }
  if (!fate.empty()) report(name_of(place) + " " + fate + ", and is replaced");
  if (death == Ledger::Death::suspect) settle_suspect(place);
  start_next_worker(place);
}

/// Starts a worker at a place that has had one. If its host is another one, a substitute does what
/// is outstanding, so that the others need not wait until the host answers again.
void WorkerPlaces::start_next_worker(size_t place) {
  Place& at = places_[place];
  // A host that a substitute could not live on is no better than this one.
  const bool was_helped = has_substitute(at) && worker_of(at).is_elsewhere;
  at.worker_host = at.host;
  if (is_elsewhere(at)) {
    const auto substitute = was_helped ? std::nullopt : substitute_host(at);
    const bool is_given_up = hosts_[at.host].is_given_up;
    const bool is_needed = !at.ledger.is_empty() || end_;
    if (!substitute && is_failing()) return give_up_place(place, end_->status);
    if (!substitute || !(is_needed || is_given_up)) {
      at.next_start = Clock::now() + between_starts;
      return;
    }
    at.worker_host = *substitute;
  }
  start_worker(place);
  send(place);
}

/// The host of a worker that can do what a place on another host has not returned: this machine, if
/// it has a place, or else one whose connection stands.
std::optional<size_t> WorkerPlaces::substitute_host(const Place& place) const {
  for (size_t host = 0; host < hosts_.size(); ++host) {
    if (!hosts_[host].command.is_elsewhere) return host;
  }
  for (size_t i = 0; i < places_.size(); ++i) {
    const Place& other = places_[i];
    const bool is_connected = crew_.is_running(i) && other.is_alive && !has_substitute(other);
    if (other.host != place.host && is_connected) return other.host;
  }
  return std::nullopt;
}

/// Workers die on this host whatever they are given, and the run can do without it.
void WorkerPlaces::give_up_host(size_t host) {
  if (std::exchange(hosts_[host].is_given_up, true)) return;
  report(hosts_[host].command.name + " is given no more rows");
  for (size_t place = 0; place < places_.size(); ++place) {
    if (places_[place].host == host) callbacks_.opened(place, false);
  }
}

/// The substitute has done what was outstanding. The place becomes one on its own host again.
void WorkerPlaces::release_substitute(size_t place) {
  Place& at = places_[place];
  if (!at.ledger.is_empty() || at.is_told || hosts_[at.host].is_given_up) return;
  at.is_released = true;
  crew_.kill(place);
}

/// No worker survives what the place was given first.
void WorkerPlaces::settle_suspect(size_t place) {
  Ledger& ledger = places_[place].ledger;
  if (!ledger.front_is_chunk()) return ledger.cut_front(callbacks_.cut(ledger.front()));
  const uint64_t begin = ledger.front().range.begin;
  ledger.scanned(begin);
  callbacks_.scanned({static_cast<uint32_t>(place), begin, Outline(), 0});
}

// --- Workers that fail the run ------------------------------------------------------------------

/// Reports only the first place that fails the run: one line is enough.
void WorkerPlaces::report_failed_place(size_t place, const std::string& what) {
  if (!is_failing() && !has_reported_) report(name_of(place) + " " + what);
  has_reported_ = true;
}

/// The place gets no worker any more. p3_write is told so, and that its stream ends with this
/// status.
void WorkerPlaces::give_up_place(size_t place, ExitStatus status) {
  places_[place].is_gone = true;
  places_[place].next_start.reset();
  link_.say(NewsOfReader::gone, place, static_cast<uint64_t>(status));
}

/// Gives up the place. What it has not returned is lost, so the run fails.
void WorkerPlaces::fail_place(size_t place, ExitStatus status) {
  places_[place].ledger.clear();
  give_up_place(place, status);
  throw Failure::silent(status);
}

// --- Time ---------------------------------------------------------------------------------------

int WorkerPlaces::time_left() const {
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    if (at.has_left_something()) next = std::min(next, now + between_sweeps);
    if (at.is_lost && crew_.is_running(place)) {
      next = std::min(next, at.lost_since + patience_after_loss);
    }
  }
  if (crew_.has_to_sweep()) next = std::min(next, now + between_sweeps);
  for (const Place& at : places_) {
    if (at.next_start) next = std::min(next, *at.next_start);
  }
  if (warning_) next = std::min(next, *warning_);
  if (options_.worker_timeout != 0) next = std::min(next, next_probe_);
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next - now).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

void WorkerPlaces::see_to_time() {
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    if (at.has_left_something()) sweep_what_is_left(place);
    if (at.is_lost && crew_.is_running(place) && !at.is_gone &&
        Clock::now() >= at.lost_since + patience_after_loss) {
      report_failed_place(place, "has closed its output before the end of its stream");
      crew_.kill(place);
      fail_place(place, ExitStatus::neighbour_vanished);
    }
  }
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    if (!at.next_start || Clock::now() < *at.next_start) continue;
    start_worker(place);
    send(place);
  }
  if (crew_.has_to_sweep()) crew_.sweep();
  if (warning_ && Clock::now() >= *warning_) warn_of_silence();
  if (options_.worker_timeout != 0) ask_whether_quiet();
}

/// A program that is no worker may wait for ever for rows that it can read.
void WorkerPlaces::warn_of_silence() {
  warning_.reset();
  report(options_.command.name +
         " has not begun a stream of results for 10 s; for programs that read rows there is "
         "--command");
}

/// Kills the processes that a dead worker has left behind, as long as they may still write its
/// stream.
void WorkerPlaces::sweep_what_is_left(size_t place) {
  Place& at = places_[place];
  crew_.sweep_again(place);
  crew_.sweep();
  pollfd out{at.out.get(), 0, 0};
  poll_fds({&out, 1}, 0);
  // No process can write the stream any more. p3_write notices that when it reads to the end.
  if (out.revents & POLLHUP) return;
  if (Clock::now() < at.ended_since + patience_with_what_is_left) return;
  report_failed_place(
      place, at.fate->describe() + ", and a process that it has left keeps its output open");
  fail_place(place, ExitStatus::neighbour_vanished);
}

/// Sends a probe once a second for each place that owes something.
void WorkerPlaces::ask_whether_quiet() {
  const auto now = Clock::now();
  if (now < next_probe_) return;
  const bool is_late = now > next_probe_ + latest_probe;
  next_probe_ = now + between_probes;
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    // A worker owes the beginning of its stream, its results, and the end.
    const bool owes = !at.is_alive || !at.ledger.is_empty() || (at.is_told && !at.has_ended);
    if (!owes) at.quiet = 0;
    if (!owes || is_late || at.is_probed || at.is_lost || !crew_.is_running(place)) continue;
    at.is_probed = true;
    link_.say(NewsOfReader::probe, place);
  }
}

void WorkerPlaces::answered_quiet(size_t place) {
  Place& at = places_[place];
  at.is_probed = false;
  // One more than worker_timeout: the place may have owed nothing for most of the first second.
  if (++at.quiet <= options_.worker_timeout || !crew_.is_running(place)) return;
  // A worker with a command is killed at the next answer only. It may still report what its command
  // was given.
  const bool may_report = options_.has_command && !at.is_hung;
  crew_.kill(place, may_report ? overdue_signal : SIGKILL);
  at.is_hung = true;
}

}  // namespace rowsum
