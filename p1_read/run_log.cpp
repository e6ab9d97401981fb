// SPDX-License-Identifier: MIT
#include "p1_read/run_log.h"

#include <algorithm>

namespace rowsum {

void RunLog::started(size_t place, RunClock::time_point now) {
  Place& at = places_[place];
  at = {at.lives + 1, {}, now, std::nullopt};
  for (const auto& observer : observers_) observer->started(place, at.lives - 1, now);
}

void RunLog::sent(size_t place, const Ledger::Item& item, RunClock::time_point now) {
  places_[place].sent.push_back({item, now});
}

void RunLog::answered(size_t place, uint64_t end, RunClock::time_point now) {
  done(place, now,
       [end](const Ledger::Item& item) { return !item.is_chunk && item.batch.range.end == end; });
}

void RunLog::scanned(size_t place, uint64_t begin, RunClock::time_point now) {
  done(place, now, [begin](const Ledger::Item& item) {
    return item.is_chunk && item.batch.range.begin == begin;
  });
}

/// A later piece of work may be heard of first, because chunks and batches are heard of in
/// different ways. Then it waits until what was done before it is heard of.
template <typename IsIt>
void RunLog::done(size_t place, RunClock::time_point now, IsIt is_it) {
  Place& at = places_[place];
  const auto found = std::find_if(at.sent.begin(), at.sent.end(),
                                  [&](const Sent& sent) { return is_it(sent.item); });
  if (found == at.sent.end() || found->done) return;
  found->done = at.ended.value_or(now);
  while (!at.sent.empty() && at.sent.front().done) {
    const Sent& first = at.sent.front();
    const RunClock::time_point begin = std::max(first.time, at.free_since);
    const Work work{first.item, {begin, std::max(begin, *first.done)}};
    at.sent.pop_front();
    at.free_since = work.time.end;
    for (const auto& observer : observers_) observer->done(place, work);
  }
}

void RunLog::ended(size_t place, RunClock::time_point now) {
  places_[place].ended = now;
  for (const auto& observer : observers_) observer->ended(place, now);
}

void RunLog::died(size_t place, const Fate& fate, bool is_hung) {
  Place& at = places_[place];
  if (!at.ended) return;
  WorkerDeath death{*at.ended, at.lives - 1, fate, is_hung, std::nullopt};
  if (!at.sent.empty()) {
    const Sent& first = at.sent.front();
    death.undone = Work{first.item, {std::max(first.time, at.free_since), *at.ended}};
  }
  at.sent.clear();  // the next worker is sent all of it
  for (const auto& observer : observers_) observer->died(place, death);
}

void RunLog::waited(const TimeSpan& time, bool for_input) {
  for (const auto& observer : observers_) observer->waited(time, for_input);
}

void RunLog::finished(RunClock::time_point now) {
  for (const auto& observer : observers_) observer->finished(writer_, now);
}

}  // namespace rowsum
