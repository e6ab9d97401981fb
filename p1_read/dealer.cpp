// SPDX-License-Identifier: MIT
#include "p1_read/dealer.h"

#include <algorithm>

#include "common/base/arguments.h"

namespace rowsum {

DealPolicy parse_deal_policy(const std::string& text) {
  if (text == "round-robin") return DealPolicy::round_robin;
  if (text == "random") return DealPolicy::random;
  if (text == "pull") return DealPolicy::pull;
  throw usage_failure("--deal: '" + text + "' is not round-robin, random or pull");
}

Dealer::Dealer(DealPolicy policy, size_t places, size_t credit)
    : policy_(policy), credit_(credit), outstanding_(places), chunks_(places) {
  if (policy == DealPolicy::random) random_.seed(std::random_device{}());
}

std::optional<size_t> Dealer::deal() {
  return deal_below(credit_);
}

std::optional<size_t> Dealer::deal_to_idle() {
  return deal_below(1);
}

std::optional<size_t> Dealer::deal_chunk(size_t most) {
  const auto place = deal_below(credit_, most);
  if (place) ++chunks_[*place];
  return place;
}

void Dealer::chunk_has_no_batch(size_t place) {
  chunk_became_batch(place);
  returned(place);
}

bool Dealer::has_credit() const {
  return any_below(credit_);
}

bool Dealer::has_idle() const {
  return any_below(1);
}

/// The place at which the search for a place begins.
size_t Dealer::first_choice() {
  if (policy_ == DealPolicy::random) return random_() % outstanding_.size();
  if (policy_ == DealPolicy::round_robin) return next_;
  size_t least = next_;
  for (size_t i = 1; i < outstanding_.size(); ++i) {
    const size_t place = (next_ + i) % outstanding_.size();
    if (outstanding_[place] < outstanding_[least]) least = place;
  }
  return least;
}

std::optional<size_t> Dealer::deal_below(size_t limit, size_t chunk_limit) {
  const size_t places = outstanding_.size();
  const size_t first = first_choice();
  for (size_t i = 0; i < places; ++i) {
    const size_t place = (first + i) % places;
    if (outstanding_[place] >= limit || chunks_[place] >= chunk_limit) continue;
    ++outstanding_[place];
    next_ = (place + 1) % places;
    return place;
  }
  return std::nullopt;
}

bool Dealer::any_below(size_t limit) const {
  return std::any_of(outstanding_.begin(), outstanding_.end(),
                     [limit](size_t batches) { return batches < limit; });
}

}  // namespace rowsum
