#include "p1_read/dealer.h"

#include <algorithm>

#include "common/base/arguments.h"

namespace rowsum {

DealPolicy parse_deal_policy(const std::string& text) {
  if (text == "round-robin") return DealPolicy::round_robin;
  if (text == "random") return DealPolicy::random;
  throw usage_failure("--deal: '" + text + "' is neither round-robin nor random");
}

Dealer::Dealer(DealPolicy policy, size_t places, size_t credit)
    : policy_(policy), credit_(credit), outstanding_(places) {}

std::optional<size_t> Dealer::deal() {
  return deal_below(credit_);
}

std::optional<size_t> Dealer::deal_to_idle() {
  return deal_below(1);
}

bool Dealer::has_credit() const {
  return any_below(credit_);
}

bool Dealer::has_idle() const {
  return any_below(1);
}

/// The first place from where the policy says to begin looking.
std::optional<size_t> Dealer::deal_below(size_t limit) {
  const size_t places = outstanding_.size();
  const size_t first = policy_ == DealPolicy::round_robin ? next_ : random_() % places;
  for (size_t i = 0; i < places; ++i) {
    const size_t place = (first + i) % places;
    if (outstanding_[place] >= limit) continue;
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
