// SPDX-License-Identifier: MIT
#include "p1_read/batch_pacer.h"

#include <algorithm>
#include <limits>

namespace rowsum {

namespace {

constexpr double least_time = 0.5;              // seconds that a batch is to take
constexpr double least_time_of_staying = 0.05;  // the same, of a command that stays
constexpr double starts_in_least_work = 9;   // so much longer than a start is the rest of the time
constexpr double least_share_of_work = 0.1;  // of the time of a batch: the start is an estimate
constexpr double largest_step = 64;          // one batch may have been fast by chance

}  // namespace

BatchPacer::BatchPacer(size_t places, uint64_t most, unsigned timeout, bool stays)
    : most_(most),
      stays_(stays),
      longest_(timeout > 0 ? timeout / 4.0 : std::numeric_limits<double>::infinity()),
      size_(timeout > 0 ? first_size_with_timeout : first_size),
      places_(places) {
  if (stays) start_ = 0;
}

void BatchPacer::dealt(size_t place, uint64_t bytes, Clock::time_point now) {
  places_[place].batches.push_back({bytes, now});
  places_[place].bytes += bytes;
}

void BatchPacer::returned(size_t place, Clock::time_point now) {
  Place& at = places_[place];
  if (at.batches.empty()) return;
  const Outstanding batch = at.batches.front();
  at.batches.pop_front();
  at.bytes -= batch.bytes;
  const std::chrono::duration<double> time = now - std::max(batch.dealt, at.free_since);
  at.free_since = now;
  learn({static_cast<double>(batch.bytes), std::max(time.count(), 1e-6)});
}

void BatchPacer::learn(const Sample& batch) {
  if (quickest_ && !stays_) compare(batch, *quickest_);
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
    const double worked = std::max(batch.seconds - *start_, least_share_of_work * batch.seconds);
    const double bytes_per_second = batch.bytes / worked;
    bytes_of_start_ = bytes_per_second * *start_;
    const double time = stays_ ? least_time_of_staying : least_time;
    const double work = std::max(time - *start_, starts_in_least_work * *start_);
    return bytes_per_second * std::min(work, longest_);
  }
  // Another size has to be tried to know it.
  const double half = batch.bytes / 2, twice = 2 * batch.bytes;
  const double time = std::min(least_time, longest_);
  if (batch.seconds < time) return std::max(twice, batch.bytes / batch.seconds * time);
  return half >= least_size ? half : twice;
}

uint64_t BatchPacer::size_before_end(uint64_t left) const {
  const double whole = share(left);
  const double little =
      quickest_ ? std::max(static_cast<double>(size_) / 4, starts_in_least_work * bytes_of_start_)
                : 0;
  const double wanted = std::max(whole / 2 < little ? whole : whole / 2, bytes_of_start_);
  return std::clamp(static_cast<uint64_t>(std::min(wanted, static_cast<double>(size_))), least_size,
                    size_);
}

/// How many bytes the next place has to get so that all places have equally many. The next place is
/// one with the fewest batches.
double BatchPacer::share(uint64_t left) const {
  uint64_t all = left, of_next = 0;
  size_t fewest = SIZE_MAX;
  for (const Place& place : places_) {
    all += place.bytes;
    if (place.batches.size() < fewest) of_next = 0;
    fewest = std::min(fewest, place.batches.size());
    if (place.batches.size() == fewest) of_next = std::max(of_next, place.bytes);
  }
  const double even = static_cast<double>(all) / static_cast<double>(places_.size());
  return std::max(even - static_cast<double>(of_next), 0.0);
}

}  // namespace rowsum
