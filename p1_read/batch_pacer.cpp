#include "p1_read/batch_pacer.h"

#include <algorithm>

namespace rowsum {

namespace {

constexpr double least_time = 0.25;         // seconds that a batch is to take
constexpr double starts_in_least_work = 9;  // so much longer than a start is the rest of the time
constexpr double largest_step = 8;          // one batch may have been fast by chance

}  // namespace

void BatchPacer::dealt(size_t place, uint64_t bytes, Clock::time_point now) {
  places_[place].batches.push_back({bytes, now});
}

void BatchPacer::returned(size_t place, Clock::time_point now) {
  Place& at = places_[place];
  if (at.batches.empty()) return;
  const Outstanding batch = at.batches.front();
  at.batches.pop_front();
  const std::chrono::duration<double> time = now - std::max(batch.dealt, at.free_since);
  at.free_since = now;
  const Sample sample{static_cast<double>(batch.bytes), std::max(time.count(), 1e-6)};
  const double wanted = std::min(wanted_after(sample), sample.bytes * largest_step);
  size_ = static_cast<uint64_t>(
      std::clamp(wanted, static_cast<double>(least_size), static_cast<double>(most_)));
}

/// The time of a batch is that of a start and then a time for each byte.
double BatchPacer::wanted_after(const Sample& batch) {
  const bool is_first = batch.bytes <= static_cast<double>(first_size);
  if (is_first && (quickest_.bytes == 0 || batch.seconds < quickest_.seconds)) quickest_ = batch;
  double bytes_per_second = batch.bytes / batch.seconds;
  double start = 0;
  if (batch.bytes > quickest_.bytes && batch.seconds > quickest_.seconds) {
    bytes_per_second = (batch.bytes - quickest_.bytes) / (batch.seconds - quickest_.seconds);
    start = std::max(0.0, quickest_.seconds - quickest_.bytes / bytes_per_second);
  }
  return bytes_per_second * std::max(least_time - start, starts_in_least_work * start);
}

uint64_t BatchPacer::size_before_end(uint64_t left) const {
  const uint64_t share = left / (2 * places_.size());
  return std::min(size_, std::max({share, size_ / 8, least_size}));
}

}  // namespace rowsum
