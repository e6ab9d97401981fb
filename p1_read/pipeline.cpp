#include "p1_read/pipeline.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"
#include "common/wire/stream_writer.h"
#include "p1_read/cut_batch.h"
#include "p1_read/hello_for.h"

namespace rowsum {

namespace {

/// Batches a place may have outstanding: enough that no worker waits for p1 to be scheduled (2 cost
/// a fifth of the throughput), and few enough to fit a FIFO of one page.
constexpr size_t credit = 8;

/// p3_write beats once a second. Of beats that come faster this process has heard too late.
constexpr std::chrono::milliseconds least_between_beats(500);

/// The ring need not hold all of a big window: beyond this more memory buys no speed.
constexpr uint64_t largest_window = uint64_t{64} << 20;

bool is_same_file(int fd, int other) {
  struct stat a, b;
  return ::fstat(fd, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

}  // namespace

Pipeline::Pipeline(const ReadPipeline& options, DealPolicy policy)
    : options_(options), dealer_(policy, options.places, credit) {
  for (size_t i = 0; i < options.places; ++i) {
    places_.emplace_back(options.retries);
    open_fifo(i);
  }
}

void Pipeline::run(Inputs& inputs, const BatcherOptions& options) {
  if (options_.resume) hear_where_to_begin(inputs);
  prepare_source(inputs, options);
  hello_ = hello_for(inputs, options_.resume ? inputs.identity_since_written() : inputs.identity(),
                     options);
  hello_.shared = {options_.shared, ring_ ? ring_->size() : 0};
  for (size_t place = 0; place < places_.size(); ++place) {
    say_hello(place);
    send(place);
  }
  Batcher batcher(options, inputs.begin());
  dealt_.total = inputs.begin();
  if (options_.resume) {
    hear_that_it_may_go_on();
  } else {
    printed_ = inputs.begin();
  }

  do {
    batcher.begin_input(inputs.index(), inputs.name());
    if (begin_.value_or(0) > 0) batcher.go_on_at_row(first_row_);
    for (bool is_over = false; !is_over;) {
      // R8: whole rows wait for a full batch only while there is more to read or nobody is idle.
      const bool is_wanted = batcher.has_rows() && dealer_.has_idle();
      if (wait(may_read(batcher) ? inputs.fd() : -1, !is_wanted)) {
        const std::span<char> into = space(batcher, batcher.wanted());
        const size_t n = inputs.read_some(into);
        is_over = n == 0;
        if (is_over) {
          batcher.end_input();
        } else {
          batcher.feed({into.data(), n});
        }
        if (const auto batch = batcher.take_full()) deal(*dealer_.deal(), *batch);
        batcher.check();
      } else if (is_wanted && dealer_.has_idle()) {
        if (const auto batch = batcher.take_any()) deal(*dealer_.deal_to_idle(), *batch);
      }
    }
  } while (inputs.open_next());

  end_streams({ExitStatus::complete, batcher.taken(), batcher.rows()});
  while (is_control_open_) wait(-1, true);
  if (printed_ != dealt_.total) throw Failure::silent(ExitStatus::neighbour_vanished);
  // Nobody needs the FIFOs any more, and here it takes a fraction of what rm(1) does.
  std::error_code error;
  std::filesystem::remove_all(options_.directory, error);
}

void Pipeline::fail(ExitStatus status) {
  end_streams({status, dealt_.total, dealt_.rows});
  while (is_control_open_) wait(-1, true);
}

void Pipeline::hear_where_to_begin(Inputs& inputs) {
  while (!begin_) wait(-1, true);
  inputs.begin_at(*begin_);
}

void Pipeline::hear_that_it_may_go_on() {
  while (!printed_) wait(-1, true);
}

void Pipeline::prepare_source(const Inputs& inputs, const BatcherOptions& options) {
  if (inputs.is_plain_file() && is_same_file(inputs.fd(), options_.shared)) return;
  // The workers have it open.
  if (::unlink((options_.directory + "/ring").c_str()) != 0) {
    throw Failure(ExitStatus::io, inputs.name() + ": it changed while it was opened");
  }
  const uint64_t window = places_.size() * credit * options.batch_size;
  // A header and a row, both as long as they may be.
  const uint64_t for_long_rows = 2 * options.largest_text() + byte_order_mark.size();
  ring_ = std::make_unique<Ring>(options_.shared,
                                 std::max(for_long_rows, std::min(window, largest_window)));
}

void Pipeline::open_fifo(size_t place) {
  Place& at = places_[place];
  at.name = "in." + std::to_string(place) + "." + std::to_string(at.life);
  // With O_RDWR the open waits for nobody and no write fails while a worker is being replaced; the
  // worker still sees the end when this process goes.
  at.fifo = OwnedFd(
      ::open((options_.directory + "/" + at.name).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!at.fifo.is_open()) throw Failure::from_errno(ExitStatus::system, at.name);
}

void Pipeline::say_hello(size_t place) {
  hello_.place = static_cast<uint32_t>(place);
  hello_.life = places_[place].life;
  places_[place].pending = hello_frame(hello_);
}

std::span<char> Pipeline::space(const Batcher& batcher, size_t bytes) {
  if (ring_) return ring_->space(batcher.scanned(), bytes);
  if (scratch_.size() < bytes) scratch_.resize(bytes);
  return std::span(scratch_).first(bytes);
}

bool Pipeline::may_read(const Batcher& batcher) const {
  if (!dealer_.has_credit()) return false;
  if (!ring_) return true;
  uint64_t oldest = batcher.taken();
  for (const Place& place : places_) {
    if (!place.ledger.is_empty()) {
      oldest = std::min(oldest, place.ledger.front().range.begin);
    }
  }
  return batcher.scanned() + batcher.wanted() <= oldest + ring_->size();
}

void Pipeline::deal(size_t place, const Batch& batch) {
  // Read before it counts as dealt: if that fails the streams can still be ended in good order.
  const std::string_view text = options_.checksum ? text_of(batch) : std::string_view();
  places_[place].ledger.deal(item_of(batch, text));
  send(place);
  dealt_.total = batch.range.end;
  dealt_.rows += batch.rows;
}

void Pipeline::end_streams(const Verdict& verdict) {
  end_ = verdict;
  for (size_t place = 0; place < places_.size(); ++place) {
    if (!has_hello()) say_hello(place);
    send(place);
  }
}

void Pipeline::send(size_t place) {
  Place& to = places_[place];
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

bool Pipeline::wait(int input, bool may_block) {
  std::vector<pollfd>& fds = polled_;
  fds.assign({{is_control_open_ ? options_.control : -1, POLLIN, 0}, {input, POLLIN, 0}});
  for (const Place& place : places_) {
    fds.push_back({place.pending.empty() ? -1 : place.fifo.get(), POLLOUT, 0});
  }
  poll_fds(fds, may_block ? -1 : 0);
  if (fds[0].revents != 0) take_control();
  for (size_t i = 0; i < places_.size(); ++i) {
    if (fds[i + 2].revents != 0) flush(places_[i]);
  }
  return fds[1].revents != 0;
}

void Pipeline::take_control() {
  // As much as the FIFO holds: old news of quiet places must not meet batches dealt after it.
  static std::array<char, 1 << 16> bytes;
  const size_t n = read_some(options_.control, bytes, "control");
  is_control_open_ = n > 0;
  if (!is_control_open_ && !end_) throw Failure::silent(ExitStatus::neighbour_vanished);
  std::optional<Failure> first;
  for (const ControlMessage& message : control_.feed(std::span(bytes).first(n))) {
    try {
      accept(message);
    } catch (const Failure& failure) {
      if (!first) first = failure;
    }
  }
  if (first) throw Failure(*first);
}

void Pipeline::accept(const ControlMessage& message) {
  switch (message.type) {
    case ControlMessage::Type::printed:
      printed_ = message.value;
      return;
    case ControlMessage::Type::row:
      first_row_ = message.value;
      return;
    case ControlMessage::Type::begin:
      begin_ = message.value;
      return;
    default:
      break;
  }
  Place& place = places_.at(message.place);
  if (message.life != place.life) throw std::logic_error("news of a life that is over");
  switch (message.type) {
    case ControlMessage::Type::received:
      place.quiet = 0;
      if (place.ledger.returned(message.value)) dealer_.returned(message.place);
      send(message.place);
      break;
    case ControlMessage::Type::failed:
      // After the end nobody is left to be told.
      if (!end_) throw Failure::silent(static_cast<ExitStatus>(message.value));
      break;
    case ControlMessage::Type::alive:
      place.is_alive = true;
      break;
    case ControlMessage::Type::ended:
      place.has_ended = true;
      break;
    case ControlMessage::Type::over:
      replace_worker(message.place);
      break;
    case ControlMessage::Type::quiet:
      note_quiet(message.place);
      break;
    default:
      break;
  }
}

void Pipeline::replace_worker(size_t place) {
  Place& at = places_[place];
  // Who dies of its start or of its end does so whatever it is given.
  const bool was_at_work = at.is_alive && !(at.is_told && at.ledger.is_empty());
  const auto death = at.ledger.died(was_at_work);
  const bool is_failing = end_ && !end_->is_complete();
  if (death == Ledger::Death::hopeless) {
    at.ledger.clear();
    end_ = {ExitStatus::neighbour_vanished, dealt_.total, dealt_.rows};
  }
  remove_files(at);
  ++at.life;
  at.is_alive = at.is_told = false;
  at.quiet = 0;
  open_fifo(place);
  const bool is_known = has_hello() || end_;
  if (is_known) say_hello(place);
  if (death == Ledger::Death::suspect) cut_suspect(at.ledger);
  if (is_known) send(place);
  if (death != Ledger::Death::hopeless) return;
  if (!is_failing) {
    report("p2_sum at place " + std::to_string(place) + " died " +
           std::to_string(options_.retries + 1) + " times in a row, whatever it was given");
  }
  throw Failure::silent(ExitStatus::neighbour_vanished);
}

std::string Pipeline::path_of(const char* kind, const Place& place) const {
  return options_.directory + "/" + kind + place.name.substr(place.name.find('.'));
}

void Pipeline::remove_files(const Place& place) const {
  for (const char* kind : {"in", "pid", "hung"}) ::unlink(path_of(kind, place).c_str());
}

Ledger::Item Pipeline::item_of(const Batch& batch, std::string_view text) const {
  if (!options_.checksum) return {batch};
  return {batch, payload_checksum("", text)};
}

void Pipeline::cut_suspect(Ledger& ledger) {
  const Batch batch = ledger.front();
  const std::string_view text = text_of(batch);
  std::vector<Ledger::Item> items;
  for (const Batch& piece : cut_batch(batch, text, hello_.dialect, suspect_pieces)) {
    items.push_back(
        item_of(piece, text.substr(piece.text_begin() - batch.text_begin(), piece.text)));
  }
  ledger.cut_front(items);
}

std::string_view Pipeline::text_of(const Batch& batch) {
  if (text_.size() < batch.text) text_.resize(batch.text);
  const auto text = std::span(text_).first(batch.text);
  pread_shared(options_.shared, hello_.shared.ring_size, text, batch.text_begin(),
               hello_.inputs[batch.input]);
  return {text.data(), text.size()};
}

void Pipeline::note_quiet(size_t place) {
  Place& at = places_[place];
  // Several at once are old news: this process was away, and nobody could be given anything.
  const auto now = Clock::now();
  if (now < at.noted_quiet + least_between_beats) return;
  at.noted_quiet = now;
  const bool owes = !at.ledger.is_empty() || (at.is_told && !at.has_ended);
  at.quiet = owes ? at.quiet + 1 : 0;
  // It may have owed nothing for most of the first of these seconds.
  if (options_.worker_timeout != 0 && at.quiet > options_.worker_timeout) kill_worker(at);
}

/// The launcher writes the worker's pid into "pid.PLACE.LIFE", and finds out why the worker died by
/// the file's new name. It is the parent of both; a process that is not its child has got the
/// number of a worker that died a moment ago.
void Pipeline::kill_worker(const Place& place) {
  const std::string path = path_of("pid", place);
  int pid = 0, parent = 0;
  std::ifstream(path) >> pid;
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word && word != "PPid:";) {
  }
  status >> parent;
  if (pid == 0 || parent != ::getppid()) return;
  ::rename(path.c_str(), path_of("hung", place).c_str());
  ::kill(pid, SIGKILL);
}

void Pipeline::flush(Place& place) {
  if (place.pending.empty()) return;
  place.pending.erase(0, write_available(place.fifo.get(), place.pending, place.name));
}

}  // namespace rowsum
