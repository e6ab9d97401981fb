// SPDX-License-Identifier: MIT
#include "p1_read/batch_pacer.h"

#include <algorithm>
#include <limits>

namespace rowsum {

namespace {

constexpr double least_time = 0.5;          // seconds that a batch is to take
constexpr double starts_in_least_work = 9;  // so much longer than a start is the rest of the time
constexpr double largest_step = 64;         // one batch may have been fast by chance

}  // namespace

BatchPacer::BatchPacer(size_t places, uint64_t most, unsigned timeout)
    : most_(most),
      longest_(timeout > 0 ? timeout / 4.0 : std::numeric_limits<double>::infinity()),
      size_(timeout > 0 ? first_size_with_timeout : first_size),
      places_(places) {}

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
  learn({static_cast<double>(batch.bytes), std::max(time.count(), 1e-6)});
}

void BatchPacer::learn(const Sample& batch) {
  if (quickest_) compare(batch, *quickest_);
  if (!quickest_ || batch.seconds < quickest_->seconds) quickest_ = batch;
  const double wanted = std::min(wanted_after(batch), batch.bytes * largest_step);
  size_ = static_cast<uint64_t>(
      std::clamp(wanted, static_cast<double>(least_size), static_cast<double>(most_)));
}

/// The time of a batch is that of a start and then a time for each byte. Two batches of different
/// sizes show how much of it is the start.
void BatchPacer::compare(const Sample& one, const Sample& other) {
  const auto [small, large] =
      std::minmax(one, other, [](const Sample& a, const Sample& b) { return a.bytes < b.bytes; });
  if (large.bytes < 2 * small.bytes) return;  // chance could make more of a difference
  const double byte = (large.seconds - small.seconds) / (large.bytes - small.bytes);
  start_ = std::clamp(small.seconds - small.bytes * byte, 0.0, quickest_->seconds);
}

double BatchPacer::wanted_after(const Sample& batch) {
  if (start_) {
    const double bytes_per_second = batch.bytes / std::max(batch.seconds - *start_, 1e-6);
    least_at_end_ = static_cast<uint64_t>(bytes_per_second * starts_in_least_work * *start_);
    const double work = std::max(least_time - *start_, starts_in_least_work * *start_);
    return bytes_per_second * std::min(work, longest_);
  }
  // Another size has to be tried to know it.
  const double half = batch.bytes / 2, twice = 2 * batch.bytes;
  const double time = std::min(least_time, longest_);
  if (batch.seconds < time) return std::max(twice, batch.bytes / batch.seconds * time);
  return half >= least_size ? half : twice;
}

uint64_t BatchPacer::size_before_end(uint64_t left) const {
  const uint64_t least = quickest_ ? std::max({size_ / 4, least_at_end_, least_size}) : least_size;
  return std::min(size_, std::max(left / (2 * places_.size()), least));
}

}  // namespace rowsum
