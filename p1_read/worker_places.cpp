// SPDX-License-Identifier: MIT
#include "p1_read/worker_places.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "common/base/failure.h"
#include "common/io/descriptors.h"
#include "common/io/read_write.h"
#include "common/io/result_ring.h"
#include "common/wire/stream_writer.h"

namespace rowsum {

namespace {

/// How many descriptors this process has open besides those of the places, with some to spare.
constexpr uint64_t other_descriptors = 40;
constexpr uint64_t descriptors_of_place = 5 + inputs_of_place;

/// After this time a program that is no worker is suspected. A worker at the other end of a
/// connection may take some seconds.
constexpr std::chrono::seconds patience_with_first_worker(10);

/// How many workers are started on a host at the same time.
constexpr size_t most_starting = 8;

/// How much text is kept for a worker that cannot read the input itself.
constexpr size_t most_pending = size_t{256} << 10;

/// The lines of short rows are about as long as the rows. All the rings together are bounded.
uint64_t result_ring_size(uint64_t most, size_t places) {
  constexpr uint64_t all = uint64_t{128} << 20, page = 4096;
  return std::min(most, all / places) / page * page;
}

/// Opens the pipe again, which makes a new open file description with flags of its own.
OwnedFd open_again(const OwnedFd& pipe, int flags) {
  const std::string path = "/proc/self/fd/" + std::to_string(pipe.get());
  OwnedFd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, path);
  return file;
}

void reserve_descriptors(size_t places) {
  const uint64_t limit = raise_descriptor_limit();
  const uint64_t for_places = limit - std::min(limit, other_descriptors);
  if (places <= for_places / descriptors_of_place) return;
  throw Failure(ExitStatus::system,
                "too few file descriptors for " + std::to_string(places) + " workers (ulimit -n)");
}

}  // namespace

WorkerPlaces::WorkerPlaces(const WorkerOptions& options, WriterLink& link, RunLog* log,
                           Callbacks callbacks)
    : options_(options),
      link_(link),
      log_(log),
      callbacks_(std::move(callbacks)),
      crew_(options.places) {
  reserve_descriptors(options.places);
  const std::vector<Host> hosts =
      options.hosts.empty() ? std::vector<Host>{{"localhost", options.places}} : options.hosts;
  for (WorkerCommand& command : commands_on(hosts, options.command, options.ssh)) {
    hosts_.push_back({std::move(command)});
    for (size_t i = 0; i < hosts[hosts_.size() - 1].places; ++i) {
      places_.emplace_back(options.retries, hosts_.size() - 1);
    }
  }
  next_probe_ = Clock::now();
}

void WorkerPlaces::set_hello(const Hello& hello, uint64_t batch_size) {
  hello_ = hello;
  if (!options_.command.is_p2_sum) return;
  const auto here = static_cast<size_t>(std::count_if(
      places_.begin(), places_.end(), [this](const Place& place) { return !is_elsewhere(place); }));
  if (here == 0) return;
  // While a result from another host is on its way, the places here go ahead as far as they can.
  const bool may_wait = here < places_.size();
  result_ring_size_ = result_ring_size(may_wait ? UINT64_MAX : 4 * batch_size, here);
}

void WorkerPlaces::fill(size_t place) {
  if (!places_[place].out.is_open()) start_worker(place);
}

/// sshd refuses connections if there are many at the same time whose users it does not know yet
/// (MaxStartups in sshd_config(5)).
void WorkerPlaces::start_on(size_t host) {
  if (end_ || hosts_[host].is_given_up) return;
  size_t starting = 0;
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    if (at.host != host || at.is_alive) continue;
    if (starting == most_starting) return;
    if (!at.out.is_open()) start_worker(place);
    ++starting;
  }
}

void WorkerPlaces::deal(size_t place, const Ledger::Item& item) {
  Place& at = places_[place];
  at.ledger.deal(item);
  if (at.next_start) return start_next_worker(place);
  send(place);
}

void WorkerPlaces::open_outlines(bool with_checksums) {
  flags_of_chunks_ = with_checksums ? wants_checksum : 0;
  std::tie(outlines_, outlines_to_write_) = make_pipe();
  make_non_blocking(outlines_.get(), "the pipe for outlines");
}

void WorkerPlaces::open_answers(bool is_return) {
  answer_is_return_ = is_return;
  std::tie(answers_, answers_to_write_) = make_pipe();
  make_non_blocking(answers_.get(), "the pipe for answers");
}

void WorkerPlaces::deal_chunk(size_t place, const Range& range, uint32_t input) {
  const Batch chunk{.range = range, .text = range.size(), .input = input};
  places_[place].ledger.deal({.batch = chunk, .is_chunk = true});
  send(place);
}

void WorkerPlaces::end_streams(const Verdict& verdict) {
  end_ = verdict;
  for (Place& place : places_) place.ledger.drop_chunks();
  verdict.is_complete() ? end_complete_streams() : end_failed_streams();
}

/// A worker passes on the end. It need not be one whose connection is not there yet.
void WorkerPlaces::end_complete_streams() {
  const auto has_begun = [](const Place& place) { return place.is_open() && place.is_alive; };
  if (std::none_of(places_.begin(), places_.end(), has_begun)) fill(first_place_here());
  // How p3_write knows that a worker that says this says the truth.
  link_.say(NewsOfReader::rows, 0, end_->rows);
  link_.say(NewsOfReader::total, 0, end_->total);
  for (size_t place = 0; place < places_.size(); ++place) {
    if (!places_[place].is_open()) continue;
    has_worker(place) ? send(place) : start_next_worker(place);
  }
}

void WorkerPlaces::end_failed_streams() {
  const auto is_open = [](const Place& place) { return place.is_open(); };
  if (std::none_of(places_.begin(), places_.end(), is_open)) give_up_place(0, end_->status);
  for (size_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    if (!at.is_open()) continue;
    // Where a worker could not be started, none will be. And no connection is waited for.
    const bool is_reached = has_worker(place) && (at.is_alive || !worker_of(at).is_elsewhere);
    is_reached ? send(place) : give_up_place(place, end_->status);
  }
}

size_t WorkerPlaces::first_place_here() const {
  const auto is_here = [this](const Place& place) { return !is_elsewhere(place); };
  const auto first = std::find_if(places_.begin(), places_.end(), is_here);
  return first == places_.end() ? 0 : static_cast<size_t>(first - places_.begin());
}

uint64_t WorkerPlaces::oldest_outstanding(uint64_t otherwise) const {
  uint64_t oldest = otherwise;
  for (const Place& place : places_) {
    if (!place.ledger.is_empty()) oldest = std::min(oldest, place.ledger.front().range.begin);
  }
  return oldest;
}

bool WorkerPlaces::may_wait_for_room() const {
  return std::any_of(places_.begin(), places_.end(), [this](const Place& place) {
    return !is_elsewhere(place) && place.ledger.lines_under_way() >= result_ring_size_;
  });
}

uint32_t WorkerPlaces::oldest_input(uint32_t otherwise) const {
  uint32_t oldest = otherwise;
  for (const Place& place : places_) {
    if (!place.ledger.is_empty()) oldest = std::min(oldest, place.ledger.front().input);
  }
  return oldest;
}

void WorkerPlaces::to_poll(std::vector<pollfd>& fds) {
  fds.push_back({outlines_.get(), POLLIN, 0});
  fds.push_back({answers_.get(), POLLIN, 0});
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    flush(place);
    fds.push_back({at.has_pending() ? at.in.get() : -1, POLLOUT, 0});
    fds.push_back({crew_.exit_fd(place), POLLIN, 0});
  }
}

void WorkerPlaces::polled(std::span<const pollfd> fds) {
  if (fds[0].revents != 0) read_outlines();
  if (fds[1].revents != 0) read_answers();
  fds = fds.subspan(2);
  for (size_t place = 0; place < places_.size(); ++place) {
    Place& at = places_[place];
    if (fds[2 * place + 1].revents == 0) continue;
    if (const auto fate = crew_.reap(place)) {
      at.fate = fate;
      at.ended_since = Clock::now();
      if (log_) log_->ended(place, at.ended_since);
      settle(place);
    }
  }
}

void WorkerPlaces::accept(const ControlMessage<NewsOfWriter>& message) {
  Place& at = places_.at(message.place);
  switch (message.type) {
    case NewsOfWriter::alive:
      at.is_alive = true;
      warning_.reset();
      at.gets_text = message.value != 0 && !worker_of(at).shares_files();
      if (is_elsewhere(at) && !has_substitute(at) && !hosts_[at.host].is_given_up) {
        callbacks_.opened(message.place, true);
        start_on(at.host);
      }
      send(message.place);
      break;
    case NewsOfWriter::received:
      result_received(message.place, message.value);
      break;
    case NewsOfWriter::failed:
      // Once the streams have been ended, this changes nothing any more.
      if (!end_) throw Failure::silent(static_cast<ExitStatus>(message.value));
      break;
    case NewsOfWriter::ended:
      at.has_ended = true;
      settle(message.place);
      break;
    case NewsOfWriter::lost:
      at.is_lost = true;
      at.lost_since = Clock::now();
      settle(message.place);
      break;
    case NewsOfWriter::quiet:
      answered_quiet(message.place);
      break;
    case NewsOfWriter::heard:
      at.is_probed = false;
      at.quiet = 0;
      break;
    case NewsOfWriter::ready:
    case NewsOfWriter::row:
    case NewsOfWriter::begin:
    case NewsOfWriter::printed:
    case NewsOfWriter::rejects:
    case NewsOfWriter::cpu:
    case NewsOfWriter::memory:
      break;  // these are not about a place
  }
}

WorkerPlaces::WorkerEnds WorkerPlaces::open_pipes(Place& at) {
  auto in = make_pipe();
  auto out = make_pipe();
  make_non_blocking(in.second.get(), "in");
  at.in_to_open = std::move(in.first);
  at.in = std::move(in.second);
  at.out = std::move(out.first);
  if (result_ring_size_ > 0 && !is_elsewhere(at)) at.results = make_result_ring(result_ring_size_);
  return {OwnedFd(::fcntl(at.in_to_open.get(), F_DUPFD_CLOEXEC, 0)), std::move(out.second)};
}

WorkerPlaces::WorkerEnds WorkerPlaces::open_pipes_again(Place& at) {
  if (!at.in.is_open()) at.in = open_again(at.in_to_open, O_WRONLY | O_NONBLOCK);
  // Drops what the last worker has not read: the next worker is sent everything again.
  make_non_blocking(at.in_to_open.get(), "in");
  std::array<char, 4096> unread;
  while (read_available(at.in_to_open.get(), unread, "in") > 0) {
  }
  return {open_again(at.in_to_open, O_RDONLY), open_again(at.out, O_WRONLY)};
}

void WorkerPlaces::start_worker(size_t place) {
  try {
    try_to_start_worker(place);
  } catch (const Failure& failure) {
    give_up_place(place, failure.status());
    throw;
  }
}

/// What may fail comes before the worker is there, which then has all that belongs to it.
void WorkerPlaces::try_to_start_worker(size_t place) {
  Place& at = places_[place];
  const bool is_first = !at.out.is_open();
  if (!has_started_ && !worker_of(at).is_p2_sum) {
    warning_ = Clock::now() + patience_with_first_worker;
  }
  has_started_ = true;
  const WorkerEnds ends = is_first ? open_pipes(at) : open_pipes_again(at);
  if (is_first && at.results.is_open()) {
    link_.say(NewsOfReader::results, place, static_cast<uint64_t>(at.results.get()));
  }
  hello_.place = static_cast<uint32_t>(place);
  hello_.life = crew_.lives(place);
  hello_.results = at.results.is_open() ? static_cast<uint32_t>(at.results.get()) : 0;
  std::string hello = hello_frame(hello_);
  // This process can still write the stream, so p3_write does not find its end too early.
  link_.say(NewsOfReader::started, place, static_cast<uint64_t>(at.out.get()));
  std::vector<int> kept;
  if (hello_.shared.fd >= 0) kept.push_back(hello_.shared.fd);
  for (const OwnedFd* fd : {&outlines_to_write_, &answers_to_write_, &at.results}) {
    if (fd->is_open()) kept.push_back(fd->get());
  }
  crew_.start(place, worker_of(at).words, ends.in.get(), ends.out.get(), kept);
  if (log_) log_->started(place, Clock::now());
  at.pending = std::move(hello);
  at.written = 0;
  at.fate.reset();
  at.next_start.reset();
  at.is_lost = at.is_alive = at.gets_text = at.is_told = at.is_hung = at.is_released = false;
  at.input.reset();
  at.quiet = 0;
}

/// Adds what the worker at the place is to get now to what is pending.
void WorkerPlaces::send(size_t place) {
  Place& to = places_[place];
  if (!crew_.is_running(place)) return;  // the next worker will get it
  while (may_send(to)) {
    const auto item = to.ledger.next();
    if (!item) break;
    if (log_) log_->sent(place, *item, Clock::now());
    if (to.input != item->batch.input) {
      to.pending += callbacks_.input_frame(item->batch.input);
      to.input = item->batch.input;
    }
    if (item->is_chunk) {
      const int answer = outlines_to_write_.get();
      to.pending += chunk_frame(item->batch.range, item->batch.input, answer, flags_of_chunks_);
    } else {
      to.pending += batch_frame(*item, to.gets_text);
    }
  }
  if (end_ && !to.is_told && to.ledger.has_sent_all()) {
    to.pending += end_frame(*end_);
    to.is_told = true;
  }
}

/// Whether the worker may get another item now. One that the user has chosen says first whether it
/// can read the input. If it cannot, only a little text is kept for it here.
bool WorkerPlaces::may_send(const Place& to) const {
  if (!worker_of(to).shares_files() && !to.is_alive) return false;
  return !to.gets_text || to.pending.size() - to.written < most_pending;
}

std::string WorkerPlaces::batch_frame(const Ledger::Item& item, bool with_text) const {
  const uint16_t flags = item.is_refused ? is_refused : 0;
  if (!with_text) {
    const int answered_to = answers_to_write_.is_open() ? answers_to_write_.get() : 0;
    return batch_frame_shared(item.batch, flags, item.checksum, static_cast<uint32_t>(answered_to));
  }
  return batch_frame_inline(item.batch, callbacks_.text(item.batch), flags, item.checksum);
}

void WorkerPlaces::flush(size_t place) {
  Place& at = places_[place];
  while (at.in.is_open() && at.has_pending()) {
    const size_t size = at.pending.size() - at.written;
    const size_t n = write_available(at.in.get(), {at.pending.data() + at.written, size}, "in");
    at.written += n;
    if (n == size || at.written > most_pending) {
      at.pending.erase(0, at.written);
      at.written = 0;
    }
    if (n < size) break;
    send(place);  // text for which there was no room
  }
  // The end of the stream is followed by the end of the file.
  if (at.in.is_open() && !at.has_pending() && at.is_told) at.in.close();
}

void WorkerPlaces::result_received(size_t place, uint64_t end) {
  Place& at = places_[place];
  if (at.is_gone) return;
  if (!at.ledger.awaits(end)) {
    report_failed_place(place, "has returned another result than the one that was due");
    crew_.kill(place);
    fail_place(place, ExitStatus::bad_data);
  }
  at.quiet = 0;
  if (log_) log_->answered(place, end, Clock::now());
  if (at.ledger.returned(end)) callbacks_.returned(place);
  send(place);
  if (has_substitute(at)) release_substitute(place);
}

void WorkerPlaces::read_answers() {
  std::array<char, 4096> bytes;
  for (ssize_t n = bytes.size(); n == static_cast<ssize_t>(bytes.size());) {
    n = read_available(answers_.get(), bytes, "the pipe for answers");
    if (n <= 0) return;
    for (const auto& message : answer_parser_.feed({bytes.data(), static_cast<size_t>(n)})) {
      Place& at = places_.at(message.place);
      if (log_) log_->answered(message.place, message.value, Clock::now());
      if (answer_is_return_ && at.ledger.answered(message.value)) {
        callbacks_.returned(message.place);
      }
    }
  }
}

void WorkerPlaces::read_outlines() {
  std::array<char, 4096> bytes;
  for (ssize_t n = bytes.size(); n == static_cast<ssize_t>(bytes.size());) {
    n = read_available(outlines_.get(), bytes, "the pipe for outlines");
    if (n <= 0) return;
    for (const ScannedChunk& chunk : outline_parser_.feed({bytes.data(), static_cast<size_t>(n)})) {
      Place& at = places_.at(chunk.place);
      at.quiet = 0;
      at.ledger.scanned(chunk.begin);
      if (log_) log_->scanned(chunk.place, chunk.begin, Clock::now());
      callbacks_.scanned(chunk);
    }
  }
}

}  // namespace rowsum
