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
    : policy_(policy),
      credit_(credit),
      outstanding_(places),
      limits_(places, SIZE_MAX),
      is_elsewhere_(places),
      chunks_(places) {
  if (policy == DealPolicy::random) random_.seed(std::random_device{}());
}

void Dealer::set_elsewhere(size_t place) {
  is_elsewhere_[place] = true;
  limits_[place] = 0;
}

std::optional<size_t> Dealer::deal() {
  return deal_below(credit_);
}

std::optional<size_t> Dealer::next() const {
  return find(next_, credit_, Where::anywhere, SIZE_MAX);
}

std::optional<size_t> Dealer::deal_chunk(size_t most) {
  const auto place = deal_below(credit_, Where::here, most);
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

std::optional<size_t> Dealer::find(size_t first, size_t limit, Where where,
                                   size_t chunk_limit) const {
  std::optional<size_t> found;
  for (size_t i = 0; i < outstanding_.size(); ++i) {
    const size_t place = (first + i) % outstanding_.size();
    const bool is_there =
        where == Where::anywhere || is_elsewhere_[place] == (where == Where::elsewhere);
    if (!is_there || !has_room(place, limit) || chunks_[place] >= chunk_limit) continue;
    if (policy_ != DealPolicy::pull) return place;
    if (!found || outstanding_[place] < outstanding_[*found]) found = place;
  }
  return found;
}

std::optional<size_t> Dealer::deal_below(size_t limit, Where where, size_t chunk_limit) {
  const size_t first = policy_ == DealPolicy::random ? random_() % outstanding_.size() : next_;
  const auto place = find(first, limit, where, chunk_limit);
  if (!place) return std::nullopt;
  ++outstanding_[*place];
  next_ = (*place + 1) % outstanding_.size();
  return place;
}

bool Dealer::any_below(size_t limit) const {
  for (size_t place = 0; place < outstanding_.size(); ++place) {
    if (has_room(place, limit)) return true;
  }
  return false;
}

}  // namespace rowsum
