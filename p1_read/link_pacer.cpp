// SPDX-License-Identifier: MIT
#include "p1_read/link_pacer.h"

#include <algorithm>
#include <utility>

namespace rowsum {

namespace {

using Seconds = LinkPacer::Seconds;

/// A shorter time without results is the work of the scheduler.
constexpr Seconds least_wait(0.005);
/// So many times the average between two results is usual.
constexpr double usual_gaps = 4;
constexpr double weight_of_new_gap = 0.1;
constexpr double decay_of_longest = 0.99;  // with every result
/// A place gets nothing any more if the rest of the input takes less than so many of its batches.
constexpr double flights_before_end = 2;

}  // namespace

LinkPacer::LinkPacer(std::vector<size_t> host_of_place, const std::vector<bool>& is_here,
                     uint64_t most)
    : host_of_place_(std::move(host_of_place)), places_(host_of_place_.size()), most_(most) {
  for (const bool host : is_here) {
    HostState& state = hosts_.emplace_back();
    state.is_here = host;
    state.size = std::min(state.size, most_);
  }
}

void LinkPacer::dealt(size_t place, uint64_t begin, uint64_t bytes, Clock::time_point now) {
  if (!begin_) begin_ = now;
  HostState& host = hosts_[host_of_place_[place]];
  if (host.outstanding++ == 0) host.last = now;
  places_[place].push_back({begin, bytes, now});
}

void LinkPacer::returned(size_t place, uint64_t oldest, bool may_have_waited,
                         Clock::time_point now) {
  if (places_[place].empty()) return;
  const Outstanding batch = places_[place].front();
  places_[place].pop_front();
  const size_t number = host_of_place_[place];
  HostState& host = hosts_[number];
  const bool was_waited_for = may_have_waited && batch.begin < oldest;
  const Seconds waited = was_waited_for ? waited_by_others(number, now) : Seconds(0);
  if (waited > Seconds(0)) {
    host.size = std::min(std::max(host.size / 2, least_size), most_);
    host.rests_until = now + std::chrono::duration_cast<Clock::duration>(rest * waited);
    // To have waited is not usual.
    for (HostState& other : hosts_) other.last = now;
  } else if (batch.bytes >= host.size / 2) {
    host.size = std::min(2 * host.size, most_);
  }
  note_gap(host, now);
  host.flight = now - batch.dealt;
  host.bytes = batch.bytes;
  --host.outstanding;
  returned_ += batch.bytes;
}

void LinkPacer::note_gap(HostState& host, Clock::time_point now) {
  const Seconds gap = now - host.last;
  host.gap = host.has_answered ? host.gap + weight_of_new_gap * (gap - host.gap) : gap;
  host.longest_gap = std::max(gap, decay_of_longest * host.longest_gap);
  host.has_answered = true;
  host.last = now;
}

Seconds LinkPacer::waited_by_others(size_t number, Clock::time_point now) const {
  std::optional<Seconds> least;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    const HostState& other = hosts_[i];
    const bool has_work = other.outstanding > 0 || (other.is_here && other.has_answered);
    if (i == number || !has_work) continue;
    const Seconds silence = now - other.last;
    const Seconds waited =
        silence - std::max(usual_gaps * other.gap, other.longest_gap) - least_wait;
    // If one of the others has gone on, nobody has held it up.
    if (!least || waited < *least) least = waited;
  }
  return std::max(least.value_or(Seconds(0)), Seconds(0));
}

size_t LinkPacer::credit(size_t place, std::optional<uint64_t> left, Clock::time_point now) const {
  const HostState& host = hosts_[host_of_place_[place]];
  if (now < host.rests_until) return 0;
  // The first answer says how long the next ones will take.
  if (!host.has_answered) return host.outstanding == 0 ? 1 : 0;
  const bool others_are_at_work = std::any_of(
      hosts_.begin(), hosts_.end(),
      [&host](const HostState& other) { return &other != &host && other.outstanding > 0; });
  if (left && others_are_at_work && returned_ > 0) {
    const Seconds time_so_far = now - *begin_;
    const double bytes_per_second = static_cast<double>(returned_) / time_so_far.count();
    const Seconds time_left(static_cast<double>(*left) / bytes_per_second);
    // The next batch takes longer if it is larger.
    const double larger = static_cast<double>(host.size) / static_cast<double>(host.bytes);
    if (time_left < flights_before_end * std::max(larger, 1.0) * host.flight) return 0;
  }
  return most_credit;
}

}  // namespace rowsum
