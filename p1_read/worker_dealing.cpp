#include "p1_read/worker_dealing.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/base/exit_status.h"
#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"
#include "common/wire/stream_writer.h"
#include "p1_read/cut_batch.h"
#include "p1_read/first_hello.h"

namespace rowsum {

namespace {

using std::chrono::milliseconds;

/// Batches a place may have outstanding: enough that no worker waits for this process to be
/// scheduled (2 cost a fifth of the throughput), and few enough to fit a pipe of one page.
constexpr size_t credit = 8;

/// A worker that returns nothing is measured in steps of this.
constexpr milliseconds between_probes(1000);
/// A probe that is later than this says nothing: this process was stopped, and the others may have
/// been, too.
constexpr milliseconds latest_probe(500);
/// A worker whose output is closed has died, as a rule, and is seen to have ended at once. One that
/// has not ended after this time has closed its output and goes on.
constexpr milliseconds patience_after_loss(1000);
/// How often the processes are looked for that a worker has left, and that keep its output open;
/// and how long. One that has taken all that tells where it comes from out of its environment is
/// not found.
constexpr milliseconds between_sweeps(20);
constexpr milliseconds patience_with_what_is_left(2000);

/// Descriptors that this process has open besides those of the places, and some to spare.
constexpr rlim_t other_descriptors = 24;
constexpr rlim_t descriptors_of_place = 4;

/// The options, if there are descriptors for so many places.
const WorkerOptions& checked(const WorkerOptions& options) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return options;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t for_places = limit.rlim_max - std::min(limit.rlim_max, other_descriptors);
  if (options.places <= for_places / descriptors_of_place) return options;
  throw Failure(ExitStatus::system, "too few file descriptors for " +
                                        std::to_string(options.places) + " workers (ulimit -n)");
}

/// Another description of the same pipe, with flags of its own.
OwnedFd open_again(const OwnedFd& pipe, int flags) {
  const std::string path = "/proc/self/fd/" + std::to_string(pipe.get());
  OwnedFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, path);
  return file;
}

/// Whether a worker that ends with it has said why: it is a status of the suite's own table.
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
    case ExitStatus::downstream_closed:
      return true;
    case ExitStatus::complete:
    case ExitStatus::some_rejected:
      return false;
  }
  return false;
}

}  // namespace

WorkerDealing::Signals::Signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::sigaddset(&set, signal);
  file_ = OwnedFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!file_.is_open()) throw Failure::from_errno(ExitStatus::system, "signalfd");
  ::sigprocmask(SIG_BLOCK, &set, &before_);
}

WorkerDealing::Signals::~Signals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void WorkerDealing::Signals::die() {
  signalfd_siginfo info = {};
  if (::read(fd(), &info, sizeof info) != sizeof info) info.ssi_signo = SIGTERM;
  const int signal = static_cast<int>(info.ssi_signo);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  ::_exit(128 + signal);  // where the caller had it blocked
}

WorkerDealing::WorkerDealing(const WorkerOptions& options, DealPolicy policy, int link)
    : options_(checked(options)),
      link_(link),
      crew_(options.command, options.places),
      dealer_(policy, options.places, credit) {
  for (size_t i = 0; i < options.places; ++i) places_.emplace_back(options.retries);
  next_probe_ = Clock::now() + between_probes;
}

void WorkerDealing::run(Inputs& inputs, const BatcherOptions& options) {
  if (options_.resume) {
    while (!begin_) wait_for_writer();
    inputs.begin_at(*begin_);
  }
  shared_.emplace(inputs, options, places_.size() * credit * options.batch_size);
  text_.emplace(shared_->where());
  hello_ = first_hello(
      inputs, options_.resume ? inputs.identity_since_written() : inputs.identity(), options);
  hello_.shared = shared_->where();
  dealt_.total = inputs.begin();
  std::optional<uint64_t> go_on_at_row;
  if (options_.resume) {
    if (*begin_ > 0) go_on_at_row = first_row_;
    // A first worker passes on the hello, so that p3_write sees whether this is still the input
    // that its journal speaks of.
    start_worker(0);
    while (!printed_) wait_for_writer();
  } else {
    printed_ = inputs.begin();
  }

  Batcher batcher(options, inputs.begin());
  try {
    read_and_deal(inputs, batcher, *this, go_on_at_row);
  } catch (const Failure& failure) {
    // Rows that lie before what is wrong here may be wrong as well, and are to be told first.
    const bool is_told = failure.what()[0] == '\0';
    while (!is_told && printed_ != dealt_.total) wait_for_writer();
    throw;
  }
  end_streams({ExitStatus::complete, batcher.taken(), batcher.rows()});
  while (link_.is_open()) wait_for_writer();
  if (printed_ != dealt_.total) throw Failure::silent(ExitStatus::neighbour_vanished);
}

void WorkerDealing::fail(ExitStatus status) {
  end_streams({status, dealt_.total, dealt_.rows});
  while (link_.is_open()) {
    try {
      wait_for_writer();
    } catch (const Failure& failure) {
      // Of several failures the first one counts, and what the other places return is still good.
      if (failure.what()[0] != '\0') throw;
    }
  }
}

// --- For read_and_deal()
// ---------------------------------------------------------------------------

NextStep WorkerDealing::wait(int input, const Batcher& batcher) {
  uint64_t oldest = batcher.taken();  // of which the bytes are still needed
  for (const Place& place : places_) {
    if (!place.ledger.is_empty()) {
      oldest = std::min(oldest, place.ledger.front().range.begin);
    }
  }
  const bool may_read =
      dealer_.has_credit() && shared_->has_room(oldest, batcher.scanned() + batcher.wanted());
  // Whole rows wait for a full batch only while there is more to read or nobody is idle (R8).
  const bool may_deal_early = batcher.has_rows() && dealer_.has_idle();
  if (see_to_all(may_read ? input : -1, !may_deal_early)) return NextStep::read;
  return may_deal_early && dealer_.has_idle() ? NextStep::deal_early : NextStep::look_again;
}

std::span<char> WorkerDealing::space(const Batcher& batcher, size_t bytes) {
  return shared_->space(batcher.scanned(), bytes);
}

void WorkerDealing::deal(const Batch& batch, const Batcher&) {
  take_dealt(*dealer_.deal(), batch);
}

void WorkerDealing::deal_early(const Batch& batch, const Batcher&) {
  take_dealt(*dealer_.deal_to_idle(), batch);
}

// --- Places
// ----------------------------------------------------------------------------------------

std::string WorkerDealing::name_of(size_t place) const {
  return crew_.name() + " at place " + std::to_string(place);
}

WorkerDealing::WorkerEnds WorkerDealing::open_pipes(Place& at) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) {
    throw Failure::from_errno(ExitStatus::system, "cannot make a pipe");
  }
  at.in_to_open = OwnedFd(in[0]);
  at.in = OwnedFd(in[1]);
  make_non_blocking(at.in.get(), "in");
  if (::pipe2(out, O_CLOEXEC) != 0) {
    throw Failure::from_errno(ExitStatus::system, "cannot make a pipe");
  }
  at.out = OwnedFd(out[0]);
  return {OwnedFd(::fcntl(in[0], F_DUPFD_CLOEXEC, 0)), OwnedFd(out[1])};
}

WorkerDealing::WorkerEnds WorkerDealing::open_pipes_again(Place& at) {
  if (!at.in.is_open()) at.in = open_again(at.in_to_open, O_WRONLY | O_NONBLOCK);
  // What the last worker has not read: the next one begins anew.
  make_non_blocking(at.in_to_open.get(), "in");
  std::array<char, 4096> unread;
  while (read_available(at.in_to_open.get(), unread, "in") > 0) {
  }
  return {open_again(at.in_to_open, O_RDONLY), open_again(at.out, O_WRONLY)};
}

void WorkerDealing::start_worker(size_t place) {
  try {
    try_to_start_worker(place);
  } catch (const Failure& failure) {
    give_up_place(place, failure.status());
    throw;
  }
}

void WorkerDealing::try_to_start_worker(size_t place) {
  Place& at = places_[place];
  {
    const WorkerEnds ends = at.out.is_open() ? open_pipes_again(at) : open_pipes(at);
    crew_.start(place, ends.in.get(), ends.out.get(), hello_.shared.fd);
  }
  at.fate.reset();
  at.is_lost = at.is_alive = at.is_told = at.is_hung = false;
  at.quiet = 0;
  link_.say(NewsOfReader::started, place, static_cast<uint64_t>(at.out.get()));
  hello_.place = static_cast<uint32_t>(place);
  hello_.life = crew_.lives(place) - 1;
  at.pending = hello_frame(hello_);
}

void WorkerDealing::take_dealt(size_t place, const Batch& batch) {
  // What can fail comes before the batch counts as dealt, so that the streams can still be ended in
  // good order.
  const std::string_view text = options_.checksum ? text_of(batch) : std::string_view();
  if (!places_[place].out.is_open()) start_worker(place);
  places_[place].ledger.deal(item_of(batch, text));
  dealt_.total = batch.range.end;
  dealt_.rows += batch.rows;
  send(place);
}

void WorkerDealing::end_streams(const Verdict& verdict) {
  end_ = verdict;
  const auto is_open = [](const Place& place) { return place.is_open(); };
  if (std::none_of(places_.begin(), places_.end(), is_open)) {
    if (!verdict.is_complete()) return give_up_place(0, verdict.status);
    start_worker(0);  // to pass on the end
  }
  for (size_t place = 0; place < places_.size(); ++place) {
    if (places_[place].is_open()) send(place);
  }
}

void WorkerDealing::send(size_t place) {
  Place& to = places_[place];
  if (!crew_.is_running(place)) return;  // the next one will be given it
  while (const auto item = to.ledger.next()) {
    const uint16_t flags = item->is_refused ? is_refused : 0;
    to.pending += batch_frame_shared(item->batch, flags, item->checksum);
  }
  if (end_ && !to.is_told && to.ledger.has_sent_all()) {
    to.pending += end_frame(*end_);
    to.is_told = true;
  }
  flush(to);
}

void WorkerDealing::flush(Place& at) {
  if (!at.in.is_open()) return;
  at.pending.erase(0, write_available(at.in.get(), at.pending, "in"));
  // After the end of the stream comes the end of the file.
  if (at.pending.empty() && at.is_told) at.in.close();
}

// --- Seeing to everything
// --------------------------------------------------------------------------

bool WorkerDealing::see_to_all(int input, bool may_block) {
  std::vector<pollfd>& fds = polled_;
  const auto for_link = link_.to_poll();
  fds.assign({for_link[0], for_link[1], {signals_.fd(), POLLIN, 0}, {input, POLLIN, 0}});
  constexpr size_t first_place = 4;
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    fds.push_back({at.pending.empty() ? -1 : at.in.get(), POLLOUT, 0});
    fds.push_back({crew_.exit_fd(place), POLLIN, 0});
  }
  poll_fds(fds, may_block ? time_left() : 0);
  if (fds[2].revents != 0) {
    crew_.end();
    signals_.die();
  }
  accept_all(link_.polled({fds[0], fds[1]}));
  if (!link_.is_open() && !end_) throw Failure::silent(ExitStatus::neighbour_vanished);
  for (size_t place = 0; place < places_.size(); ++place) {
    if (fds[first_place + 2 * place].revents != 0) flush(places_[place]);
    if (fds[first_place + 2 * place + 1].revents != 0) {
      if (const auto fate = crew_.reap(place)) {
        places_[place].fate = fate;
        places_[place].ended_since = Clock::now();
        settle(place);
      }
    }
  }
  see_to_time();
  return fds[3].revents != 0;
}

void WorkerDealing::wait_for_writer() {
  see_to_all(-1, true);
}

void WorkerDealing::accept_all(const std::vector<ControlMessage<NewsOfWriter>>& messages) {
  std::optional<Failure> first;
  for (const auto& message : messages) {
    try {
      accept(message);
    } catch (const Failure& failure) {
      if (!first) first = failure;
    }
  }
  if (first) throw Failure(*first);
}

void WorkerDealing::accept(const ControlMessage<NewsOfWriter>& message) {
  Place& place = places_.at(message.place);
  switch (message.type) {
    case NewsOfWriter::ready:
      break;
    case NewsOfWriter::row:
      first_row_ = message.value;
      break;
    case NewsOfWriter::begin:
      begin_ = message.value;
      break;
    case NewsOfWriter::printed:
      printed_ = message.value;
      break;
    case NewsOfWriter::alive:
      place.is_alive = true;
      break;
    case NewsOfWriter::received:
      if (place.is_gone) break;
      if (!place.ledger.awaits(message.value)) end_wrong_worker(message.place);
      place.quiet = 0;
      if (place.ledger.returned(message.value)) dealer_.returned(message.place);
      send(message.place);
      break;
    case NewsOfWriter::failed:
      // After the end nobody is left to be told.
      if (!end_) throw Failure::silent(static_cast<ExitStatus>(message.value));
      break;
    case NewsOfWriter::ended:
      place.has_ended = true;
      settle(message.place);
      break;
    case NewsOfWriter::lost:
      place.is_lost = true;
      place.lost_since = Clock::now();
      settle(message.place);
      break;
    case NewsOfWriter::quiet:
      place.is_probed = false;
      // The place may have owed nothing for most of the first of these seconds.
      if (++place.quiet > options_.worker_timeout && crew_.is_running(message.place)) {
        place.is_hung = true;
        crew_.kill(message.place);
      }
      break;
    case NewsOfWriter::heard:
      place.is_probed = false;
      place.quiet = 0;
      break;
  }
}

// --- Workers that end
// ------------------------------------------------------------------------------

void WorkerDealing::settle(size_t place) {
  Place& at = places_[place];
  // After its end it does not matter how a worker goes, nor when no other is to come.
  if (!at.fate || !at.is_lost || at.has_ended || at.is_gone) return;
  const Fate fate = *at.fate;
  at.fate.reset();
  if (at.is_hung) {
    return replace_worker(place, "returned nothing for " + std::to_string(options_.worker_timeout) +
                                     " s and was killed");
  }
  if (fate.was_killed) return replace_worker(place, fate.describe());
  if (!is_own_status(fate.code) && fate.code != 0) {
    return replace_worker(place, "ended with the unknown status " + std::to_string(fate.code));
  }
  at.ledger.clear();
  ExitStatus status = static_cast<ExitStatus>(fate.code);
  if (fate.code == 0) {
    report_failed_place(place, fate.describe() + " before the end of its stream");
  }
  // Only the output has a reader that is none of the suite's.
  if (fate.code == 0 || status == ExitStatus::downstream_closed) {
    status = ExitStatus::neighbour_vanished;
  }
  give_up_place(place, status);
  throw Failure::silent(status);
}

void WorkerDealing::replace_worker(size_t place, const std::string& fate) {
  Place& at = places_[place];
  // A worker that dies of its start or of its end does so whatever it is given.
  const bool was_at_work = at.is_alive && !(at.is_told && at.ledger.is_empty());
  const Ledger::Death death = at.ledger.died(was_at_work);
  if (death == Ledger::Death::hopeless) {
    report(name_of(place) + " " + fate);
    const unsigned deaths = options_.retries + 1;
    report_failed_place(
        place, "died " + (deaths == 1 ? "" : std::to_string(deaths) + " times in a row, ") +
                   "whatever it was given");
    at.ledger.clear();
    // What has failed first counts.
    const ExitStatus status = is_failing() ? end_->status : ExitStatus::neighbour_vanished;
    give_up_place(place, status);
    throw Failure::silent(status);
  }
  report(name_of(place) + " " + fate + ", and is replaced");
  if (death == Ledger::Death::suspect) cut_suspect(at.ledger);
  start_worker(place);
  send(place);
}

void WorkerDealing::report_failed_place(size_t place, const std::string& what) const {
  if (!is_failing()) report(name_of(place) + " " + what);
}

void WorkerDealing::end_wrong_worker(size_t place) {
  report_failed_place(place, "has returned another result than the one that was due");
  crew_.kill(place);
  places_[place].ledger.clear();
  give_up_place(place, ExitStatus::bad_data);
  throw Failure::silent(ExitStatus::bad_data);
}

void WorkerDealing::give_up_place(size_t place, ExitStatus status) {
  places_[place].is_gone = true;
  link_.say(NewsOfReader::gone, place, static_cast<uint64_t>(status));
}

void WorkerDealing::cut_suspect(Ledger& ledger) {
  const Batch batch = ledger.front();
  const std::string_view text = text_of(batch);
  std::vector<Ledger::Item> items;
  for (const Batch& piece : cut_batch(batch, text, hello_.dialect, suspect_pieces)) {
    items.push_back(
        item_of(piece, text.substr(piece.text_begin() - batch.text_begin(), piece.text)));
  }
  ledger.cut_front(items);
}

Ledger::Item WorkerDealing::item_of(const Batch& batch, std::string_view text) const {
  if (!options_.checksum) return {batch};
  return {batch, payload_checksum("", text)};
}

std::string_view WorkerDealing::text_of(const Batch& batch) {
  return text_->of(batch, hello_.inputs[batch.input]);
}

// --- Time
// ------------------------------------------------------------------------------------------

int WorkerDealing::time_left() {
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    if (at.fate && !at.is_lost && !at.has_ended && !at.is_gone) {
      next = std::min(next, now + between_sweeps);
    }
    if (at.is_lost && crew_.is_running(place)) {
      next = std::min(next, at.lost_since + patience_after_loss);
    }
  }
  if (options_.worker_timeout != 0) next = std::min(next, next_probe_);
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(next - now).count();
  return static_cast<int>(std::max<int64_t>(left, 0));
}

void WorkerDealing::see_to_time() {
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    if (at.fate && !at.is_lost && !at.has_ended && !at.is_gone) see_to_what_is_left(place);
    if (at.is_lost && crew_.is_running(place) && !at.is_gone &&
        Clock::now() >= at.lost_since + patience_after_loss) {
      report_failed_place(place, "has closed its output before the end of its stream");
      crew_.kill(place);
      at.ledger.clear();
      give_up_place(place, ExitStatus::neighbour_vanished);
      throw Failure::silent(ExitStatus::neighbour_vanished);
    }
  }
  if (options_.worker_timeout != 0) ask_for_quiet();
}

void WorkerDealing::see_to_what_is_left(size_t place) {
  Place& at = places_[place];
  crew_.sweep(place);
  pollfd out{at.out.get(), 0, 0};
  poll_fds({&out, 1}, 0);
  // No process can write it any more, and p3_write will notice when it comes to it.
  if (out.revents & POLLHUP) return;
  if (Clock::now() < at.ended_since + patience_with_what_is_left) return;
  report_failed_place(
      place, at.fate->describe() + ", and a process that it has left keeps its output open");
  at.ledger.clear();
  give_up_place(place, ExitStatus::neighbour_vanished);
  throw Failure::silent(ExitStatus::neighbour_vanished);
}

void WorkerDealing::ask_for_quiet() {
  const auto now = Clock::now();
  if (now < next_probe_) return;
  const bool is_late = now > next_probe_ + latest_probe;
  next_probe_ = now + between_probes;
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    const bool owes = !at.ledger.is_empty() || (at.is_told && !at.has_ended);
    if (!owes) at.quiet = 0;
    if (!owes || is_late || at.is_probed || at.is_lost || !crew_.is_running(place)) continue;
    at.is_probed = true;
    link_.say(NewsOfReader::probe, place);
  }
}

}  // namespace rowsum
