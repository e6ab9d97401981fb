#include "p1_read/pipeline.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "common/wire/stream_writer.h"
#include "p1_read/hello_for.h"

namespace rowsum {

namespace {

/// Batches a place may have outstanding: enough that no worker waits for p1 to be scheduled (2 cost
/// a fifth of the throughput), and few enough to fit a FIFO of one page.
constexpr size_t credit = 8;

/// The ring need not hold all of a big window: beyond this more memory buys no speed.
constexpr uint64_t largest_window = uint64_t{64} << 20;

bool is_same_file(int fd, int other) {
  struct stat a, b;
  return ::fstat(fd, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

}  // namespace

Pipeline::Pipeline(const ReadPipeline& options, DealPolicy policy)
    : options_(options), dealer_(policy, options.places, credit), places_(options.places) {
  for (size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    place.name = "in." + std::to_string(i) + "." + std::to_string(place.life);
    // With O_RDWR the open waits for nobody and no write fails while a worker is being replaced;
    // the worker still sees the end when this process goes.
    place.fifo = OwnedFd(
        ::open((options.directory + "/" + place.name).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!place.fifo.is_open()) throw Failure::from_errno(ExitStatus::system, place.name);
  }
}

void Pipeline::run(Inputs& inputs, const BatcherOptions& options) {
  prepare_source(inputs, options);
  say_hello(inputs, options);
  Batcher batcher(options, inputs.begin());
  dealt_.total = printed_ = inputs.begin();

  do {
    batcher.begin_input(inputs.index(), inputs.name());
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
}

void Pipeline::fail(ExitStatus status) {
  end_streams({status, dealt_.total, dealt_.rows});
  while (is_control_open_) wait(-1, true);
}

void Pipeline::prepare_source(const Inputs& inputs, const BatcherOptions& options) {
  if (inputs.is_plain_file() && is_same_file(inputs.fd(), options_.shared)) return;
  ::unlink((options_.directory + "/ring").c_str());  // the workers have it open
  const uint64_t window = places_.size() * credit * options.batch_size;
  // A header and a row, both as long as they may be.
  const uint64_t for_long_rows = 2 * options.largest_text() + byte_order_mark.size();
  ring_ = std::make_unique<Ring>(options_.shared,
                                 std::max(for_long_rows, std::min(window, largest_window)));
}

void Pipeline::say_hello(const Inputs& inputs, const BatcherOptions& options) {
  Hello hello = hello_for(inputs, options);
  hello.shared = {options_.shared, ring_ ? ring_->size() : 0};
  for (Place& place : places_) {
    hello.life = place.life;
    place.pending += hello_frame(hello);
    flush(place);
    ++hello.place;
  }
  has_said_hello_ = true;
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
    if (!place.outstanding.empty()) {
      oldest = std::min(oldest, place.outstanding.front().range.begin);
    }
  }
  return batcher.scanned() + batcher.wanted() <= oldest + ring_->size();
}

void Pipeline::deal(size_t place, const Batch& batch) {
  places_[place].outstanding.push_back(batch);
  places_[place].pending += batch_frame_shared(batch);
  flush(places_[place]);
  dealt_.total = batch.range.end;
  dealt_.rows += batch.rows;
}

void Pipeline::end_streams(const Verdict& verdict) {
  has_ended_ = true;
  for (Place& place : places_) {
    if (!has_said_hello_) place.pending += hello_frame(Hello());
    place.pending += end_frame(verdict);
    flush(place);
  }
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
  std::array<char, 4096> bytes;
  const size_t n = read_some(options_.control, bytes, "control");
  is_control_open_ = n > 0;
  if (!is_control_open_ && !has_ended_) throw Failure::silent(ExitStatus::neighbour_vanished);
  for (const ControlMessage& message : control_.feed(std::span(bytes).first(n))) accept(message);
}

void Pipeline::accept(const ControlMessage& message) {
  switch (message.type) {
    case ControlMessage::Type::received: {
      Place& place = places_.at(message.place);
      if (place.outstanding.empty() || place.outstanding.front().range.end != message.value) {
        throw std::logic_error("a result for a batch that was not dealt");
      }
      place.outstanding.pop_front();
      dealer_.returned(message.place);
      break;
    }
    case ControlMessage::Type::failed:
      // After the end nobody is left to be told.
      if (!has_ended_) throw Failure::silent(static_cast<ExitStatus>(message.value));
      break;
    case ControlMessage::Type::printed:
      printed_ = message.value;
      break;
  }
}

void Pipeline::flush(Place& place) {
  place.pending.erase(0, write_available(place.fifo.get(), place.pending, place.name));
}

}  // namespace rowsum
