// SPDX-License-Identifier: MIT
#include "p1_read/worker_dealing.h"

#include <algorithm>
#include <memory>

#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "common/wire/stream_writer.h"
#include "p1_read/cut_batch.h"
#include "p1_read/first_hello.h"
#include "p1_read/job_log.h"
#include "p1_read/run_trace.h"
#include "p1_read/statistics.h"

namespace rowsum {

namespace {

/// How many batches a place may have outstanding. These are enough that no worker waits for this
/// process to be scheduled (a credit of 2 costs a fifth of the throughput), and few enough to fit a
/// pipe of one page.
constexpr size_t credit = 8;

/// A larger ring for input than this makes the run no faster.
constexpr uint64_t largest_window = uint64_t{64} << 20;

/// With a command a batch takes so long that two are enough, and with fewer the sizes of batches
/// adapt sooner (BatchPacer::credit()). All batches that are outstanding have no more bytes than
/// `paced_window`, unless there are very many places.
constexpr size_t paced_credit = BatchPacer::most_credit;
constexpr uint64_t paced_window = uint64_t{256} << 20;
constexpr uint64_t least_paced = uint64_t{1} << 20, most_paced = uint64_t{16} << 20;

/// Milliseconds after which places on other hosts that get nothing are looked at again.
constexpr int longest_rest = 50;

/// How many of several plain files are open at once. What has been dealt of one has not come back
/// yet, while others are read.
size_t most_open_inputs(size_t places) {
  return 16 + inputs_of_place * places;
}

/// How many bytes p1_read itself reads at once of a file that workers scan. Of most files it reads
/// the first bytes and no others. They belong to the batch that ends in the first chunk, and have
/// to fit into the room that SharedText has before a chunk.
constexpr size_t read_first = size_t{32} << 10;

/// What the options ask for. Throws Failure(cannot_create).
RunLog make_log(const WorkerOptions& options) {
  RunLog log(options.places);
  const RunClock::time_point now = RunClock::now();
  if (options.stats) log.add(std::make_unique<Statistics>(options.places, now));
  if (!options.trace.empty()) log.add(std::make_unique<RunTrace>(options.trace));
  if (!options.joblog.empty()) {
    log.add(std::make_unique<JobLog>(options.joblog, options.task));
  }
  return log;
}

}  // namespace

WorkerDealing::WorkerDealing(const WorkerOptions& options, DealPolicy policy, int link,
                             std::unique_ptr<OtherHosts> others)
    : options_(options),
      policy_(policy),
      link_(link),
      log_(make_log(options)),
      places_(options, link_, log_.has_observers() ? &log_ : nullptr,
              {.returned =
                   [this](size_t place) {
                     dealer_.returned(place);
                     if (others_) {
                       others_->returned(place, places_.oldest_outstanding(dealt_.total),
                                         may_wait_for_other_hosts());
                     }
                     if (pacer_) pacer_->returned(place, BatchPacer::Clock::now());
                   },
               .text = [this](const Batch& batch) { return text_of(batch); },
               .cut = [this](const Batch& batch) { return cut(batch); },
               .scanned = [this](const ScannedChunk& chunk) { chunks_.scanned(chunk); },
               .input_frame = [this](uint32_t input) { return frame_of(input); },
               .opened = [this](size_t place, bool is_open) { others_->opened(place, is_open); }}),
      dealer_(policy, options.places, options.has_command ? paced_credit : credit),
      others_(std::move(others)) {
  if (others_) {
    for (const size_t place : others_->places()) dealer_.set_elsewhere(place);
  }
  // Comes last: as long as nothing is said on the link, p1_read tells of a failure by the end of a
  // stream, as without workers.
  link_.open();
}

void WorkerDealing::run(Inputs& inputs, BatcherOptions options, DealtPart* part) {
  if (options_.resume) {
    while (!begin_) wait_for_writer();
    inputs.begin_at(*begin_);
  }
  inputs_ = &inputs;
  part_ = part;
  headers_.emplace(options.fields, options.dialect);
  const bool are_large =
      inputs.are_plain_files() ||
      (inputs.is_plain_file() && inputs.end() - inputs.begin() >= options_.scanned_from);
  // While a command runs, a worker scans nothing. All others would wait for its outline.
  const bool have_scanners = options_.command.is_p2_sum && !options_.has_command &&
                             !options_.checksum && are_large && can_scan(inputs);
  if (options_.is_paced) {
    options.batch_size =
        std::clamp(paced_window / (options_.places * paced_credit), least_paced, most_paced);
    pacer_.emplace(options_.places, options.batch_size, options_.worker_timeout,
                   options_.command_stays);
  }
  if (have_scanners) {
    options.batch_size = options_.chunk_size;
    // In a longer chunk, a row that is too long could begin and end.
    chunk_size_ = std::max<uint64_t>(1, std::min(options_.chunk_size, options.max_row));
    places_.open_outlines(part != nullptr);
  }
  const bool is_pull = policy_ == DealPolicy::pull;
  if (is_pull || log_.has_observers()) places_.open_answers(is_pull);
  const uint64_t window =
      options_.has_command ? options_.places * paced_credit * options.batch_size
      : others_            ? largest_window
                : std::min(largest_window, options_.places * credit * options.batch_size);
  shared_.emplace(inputs, options, window, have_scanners);
  hello_ = first_hello(inputs,
                       part              ? part->identity()
                       : options_.resume ? inputs.identity_since_written()
                                         : inputs.identity(),
                       options);
  if (part) hello_.part = part->number();
  hello_.shared = shared_->where();
  places_.set_hello(hello_, pacer_ ? least_paced : options.batch_size);
  batch_size_ = options.batch_size;
  if (others_) {
    others_->begin(options.batch_size);
    start_on_other_hosts();
  }
  dealt_.total = inputs.begin();
  std::optional<uint64_t> go_on_at_row;
  if (options_.resume) {
    if (*begin_ > 0) {
      go_on_at_row = first_row_;
      headers_->read(inputs, options);
    }
    // The first worker is started now and passes on the hello. From it, p3_write sees whether this
    // is still the input that its journal is about.
    places_.fill(places_.first_place_here());
    while (!printed_) wait_for_writer();
  } else {
    printed_ = inputs.begin();
  }
  if (part && part->first_row()) {
    go_on_at_row = part->first_row();
    headers_->read(inputs, options);
  }

  Batcher batcher(options, inputs.begin());
  try {
    read_and_deal(inputs, batcher, *this, go_on_at_row);
  } catch (const Failure& failure) {
    // Earlier rows may be wrong as well, and are to be reported first.
    const bool is_told = failure.what()[0] == '\0';
    while (!is_told && printed_ != dealt_.total) wait_for_writer();
    if (part) part->explain(failure, inputs);
    throw;
  }
  if (part) part->check(inputs, batcher);
  places_.end_streams({ExitStatus::complete, batcher.taken(), batcher.rows()});
  while (link_.is_open()) wait_for_writer();
  if (printed_ != dealt_.total) throw Failure::silent(ExitStatus::neighbour_vanished);
}

void WorkerDealing::fail(ExitStatus status) {
  places_.end_streams({status, dealt_.total, dealt_.rows});
  while (link_.is_open()) {
    try {
      wait_for_writer();
    } catch (const Failure& failure) {
      // The first of several failures counts. What the other places return is still used.
      if (failure.what()[0] != '\0') throw;
    }
  }
}

void WorkerDealing::finish_log() noexcept {
  if (!log_.has_observers()) return;
  try {
    places_.kill_all();
    log_.finished(RunClock::now());
  } catch (const std::exception&) {
    // It is too late for a report, and the log is no part of the result.
  }
}

// --- For read_and_deal() ------------------------------------------------------------------------

void WorkerDealing::begin_input(const Batcher& batcher) {
  const uint32_t input = inputs_->index();
  if (shared_->keeps_files()) {
    while (input - places_.oldest_input(input) >= most_open_inputs(options_.places)) {
      wait_for_writer();
    }
  }
  const uint32_t oldest = places_.oldest_input(input);
  shared_->begin_input(*inputs_, batcher.origin(), oldest);
  headers_->forget_before(oldest);
}

bool WorkerDealing::read_elsewhere(Batcher& batcher) {
  if (pacer_) pace(batcher);
  if (others_) pace_other_hosts(batcher);
  if (chunk_size_ == 0 || batcher.needs_bytes()) return false;
  // Each chunk is to be a block of the part, so that its checksum is of use.
  if (part_ && chunks_.is_over() && !part_->bytes().is_border(batcher.scanned())) return false;
  begin_chunks(batcher);
  if (chunks_.is_over()) return false;
  deal_chunks();
  see_to_all(-1, true);
  fold(batcher);
  return true;
}

NextStep WorkerDealing::wait(int input, const Batcher& batcher) {
  const uint64_t oldest = places_.oldest_outstanding(batcher.taken());
  has_room_ = shared_->has_room(oldest, batcher.scanned() + batcher.wanted());
  const bool may_read = dealer_.has_credit() && has_room_;
  // Whole rows wait for a full batch only while there is more to read or no worker is idle (R8).
  const bool may_deal_early = batcher.has_rows() && dealer_.has_idle();
  if (see_to_all(may_read ? input : -1, !may_deal_early)) return NextStep::read;
  return may_deal_early && dealer_.has_idle() ? NextStep::deal_early : NextStep::look_again;
}

std::span<char> WorkerDealing::space(const Batcher& batcher, size_t bytes) {
  if (chunk_size_ > 0) bytes = std::min(bytes, read_first);
  if (part_) bytes = std::min(bytes, part_->bytes().until_border(batcher.scanned()));
  return shared_->space(batcher.scanned(), bytes);
}

void WorkerDealing::has_read(uint64_t offset, std::string_view bytes) {
  if (part_) part_->bytes().saw(offset, bytes);
}

void WorkerDealing::deal(const Batch& batch, const Batcher& batcher) {
  headers_->note(batcher);
  if (!others_ || !dealer_.has_credit_here()) return deal_to(*dealer_.deal(), batch);
  if (const auto rest = deal_elsewhere(batch)) deal_to(*dealer_.deal_here(), *rest);
}

void WorkerDealing::deal_early(const Batch& batch, const Batcher& batcher) {
  headers_->note(batcher);
  if (const auto place = dealer_.deal_to_idle_here()) return deal_to(*place, batch);
  if (!dealer_.has_credit_here()) return deal_to(*dealer_.deal_to_idle(), batch);
  // A batch that is not full may be more than another host is to get at once.
  deal(batch, batcher);
}

void WorkerDealing::deal_to(size_t place, const Batch& batch) {
  // The steps that can fail come before the batch counts as dealt. So the verdict that then ends
  // the streams speaks only of batches that were dealt.
  const std::string_view text = options_.checksum ? text_of(batch) : std::string_view();
  places_.fill(place);
  dealt_.total = batch.range.end;
  dealt_.rows += batch.rows;
  places_.deal(place, item_of(batch, text));
  if (pacer_) pacer_->dealt(place, batch.text, BatchPacer::Clock::now());
  if (others_) others_->dealt(place, batch.range.begin, batch.text);
}

void WorkerDealing::pace(Batcher& batcher) {
  dealer_.set_credit(pacer_->credit());
  const bool knows_end = inputs_->is_plain_file();
  const uint64_t left = inputs_->end() - std::min(inputs_->end(), batcher.taken());
  batch_size_ = knows_end ? pacer_->size_before_end(left) : pacer_->size();
  batcher.set_batch_size(batch_size_);
}

// --- Places on other hosts -----------------------------------------------------------------------

/// Whether workers can scan the inputs. There must be one on this machine. And those on other hosts
/// cannot be told where several files are.
bool WorkerDealing::can_scan(const Inputs& inputs) const {
  return !others_ || (others_->places().size() < options_.places && inputs.is_plain_file());
}

void WorkerDealing::start_on_other_hosts() {
  for (const size_t host : others_->take_ready()) places_.start_on(host);
}

/// Whether the places here may be unable to go on before another host returns something. They may
/// have no room for their results, there may be no room for more input, or, if they do not say
/// what they have answered, they may have no credit left.
bool WorkerDealing::may_wait_for_other_hosts() const {
  const bool has_no_credit = policy_ != DealPolicy::pull && !dealer_.has_credit_here();
  return places_.may_wait_for_room() || !has_room_ || has_no_credit;
}

void WorkerDealing::pace_other_hosts(Batcher& batcher) {
  std::optional<uint64_t> left;
  if (inputs_->is_plain_file()) {
    left = inputs_->end() - std::min(inputs_->end(), batcher.taken());
  }
  for (const size_t place : others_->places()) dealer_.limit(place, others_->credit(place, left));
  if (chunk_size_ != 0) return;
  // While all places here are busy, the next batch is for another host.
  const auto next = dealer_.has_credit_here() ? std::nullopt : dealer_.next();
  batcher.set_batch_size(next ? std::min(batch_size_, others_->size(*next)) : batch_size_);
}

std::optional<Batch> WorkerDealing::deal_elsewhere(Batch batch) {
  while (const auto place = dealer_.deal_elsewhere()) {
    const uint64_t size = others_->size(*place);
    if (batch.text <= size + size / 2) {  // a rest of a few rows is not worth a batch of its own
      deal_to(*place, batch);
      return std::nullopt;
    }
    const std::vector<Batch> pieces = split_batch(batch, text_of(batch), hello_.dialect, size);
    deal_to(*place, pieces.front());
    if (pieces.size() == 1) return std::nullopt;
    batch = pieces.back();
  }
  return batch;
}

// --- Waiting, and hearing p3_write --------------------------------------------------------------

bool WorkerDealing::see_to_all(int input, bool may_block) {
  const auto for_link = link_.to_poll();
  polled_.assign({for_link[0], for_link[1], {signals_.fd(), POLLIN, 0}, {input, POLLIN, 0}});
  constexpr size_t first_host = 4;
  const bool may_start_there = others_ && !places_.has_end();
  if (may_start_there) others_->to_poll(polled_);
  const size_t first_place = polled_.size();
  places_.to_poll(polled_);
  poll_all(may_block, input >= 0);
  if (polled_[2].revents != 0) {
    places_.kill_all();
    finish_log();
    signals_.die();
  }
  accept_all(link_.polled({polled_[0], polled_[1]}));
  if (!link_.is_open() && !places_.has_end()) {
    throw Failure::silent(ExitStatus::neighbour_vanished);
  }
  if (may_start_there) {
    others_->polled(std::span(polled_).subspan(first_host));
    start_on_other_hosts();
  }
  places_.polled(std::span(polled_).subspan(first_place));
  places_.see_to_time();
  return polled_[3].revents != 0;
}

void WorkerDealing::poll_all(bool may_block, bool for_input) {
  int timeout = may_block ? places_.time_left() : 0;
  // Places that get nothing say nothing that would end the waiting.
  if (others_ && !dealer_.has_credit()) {
    timeout = timeout < 0 ? longest_rest : std::min(timeout, longest_rest);
  }
  if (!may_block || !log_.has_observers()) {
    poll_fds(polled_, timeout);
    return;
  }
  const RunClock::time_point begin = RunClock::now();
  poll_fds(polled_, timeout);
  log_.waited({begin, RunClock::now()}, for_input);
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
    case NewsOfWriter::rejects:
      log_.writer().rejects = message.value;
      break;
    case NewsOfWriter::cpu:
      log_.writer().cpu_microseconds = message.value;
      break;
    case NewsOfWriter::memory:
      log_.writer().peak_memory = message.value;
      break;
    case NewsOfWriter::alive:
    case NewsOfWriter::received:
    case NewsOfWriter::failed:
    case NewsOfWriter::ended:
    case NewsOfWriter::lost:
    case NewsOfWriter::quiet:
    case NewsOfWriter::heard:
      places_.accept(message);
      break;
  }
}

// --- The text of batches ------------------------------------------------------------------------

/// What a worker has to know before it reads the text of an input; nothing if the hello has said
/// it.
std::string WorkerDealing::frame_of(uint32_t input) const {
  const SharedInput::File* const file = shared_->file_of(input);
  std::string frames = file ? input_frame(input, file->origin, file->fd.get()) : "";
  const std::string header = headers_->of(input);
  if (!header.empty()) frames += header_frame(input, header);
  return frames;
}

std::string_view WorkerDealing::text_of(const Batch& batch) {
  return shared_->text_of(batch, hello_.inputs[batch.input]);
}

Ledger::Item WorkerDealing::item_of(const Batch& batch, std::string_view text) const {
  if (!options_.checksum) return {batch};
  return {batch, payload_checksum("", text)};
}

std::vector<Ledger::Item> WorkerDealing::cut(const Batch& batch) {
  const std::string_view text = text_of(batch);
  std::vector<Ledger::Item> items;
  for (const Batch& piece : cut_batch(batch, text, hello_.dialect, suspect_pieces)) {
    const uint64_t begin = piece.text_begin() - batch.text_begin();
    items.push_back(item_of(piece, text.substr(begin, piece.text)));
  }
  return items;
}

}  // namespace rowsum
