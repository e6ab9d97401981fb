// SPDX-License-Identifier: MIT
// Which place gets the next batch, or the next chunk to scan. Pure: knows places by number, and how
// much each has outstanding.
//
// A place that is dealt a chunk is dealt the batch that ends in it as well. So from then on the
// batch counts as outstanding.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace rowsum {

enum class DealPolicy {
  round_robin,  // one after another
  random,       // any place: a period in the data cannot load one place only
  pull,         // the place with the fewest batches outstanding: for workers of uneven speed
};

/// "round-robin", "random" or "pull". Throws Failure(usage).
DealPolicy parse_deal_policy(const std::string& text);

class Dealer {
 public:
  /// `credit`: how many batches a place may have outstanding.
  Dealer(DealPolicy policy, size_t places, size_t credit);
  void set_credit(size_t credit) { credit_ = credit; }

  /// The place is on another host: it gets no chunks, and nothing at all until limit() says how
  /// many batches it may have outstanding.
  void set_elsewhere(size_t place);
  void limit(size_t place, size_t credit) { limits_[place] = credit; }

  /// Returns the place for the next batch among those with credit left, or nothing if there is
  /// none. The batch counts as outstanding from then on.
  std::optional<size_t> deal();
  /// The same among places that have no batch outstanding, and among those of them that are here.
  std::optional<size_t> deal_to_idle() { return deal_below(1); }
  std::optional<size_t> deal_to_idle_here() { return deal_below(1, Where::here); }
  /// The same among places on other hosts, and among the others.
  std::optional<size_t> deal_elsewhere() { return deal_below(credit_, Where::elsewhere); }
  std::optional<size_t> deal_here() { return deal_below(credit_, Where::here); }
  /// The place that deal() would return, if the policy is not random.
  std::optional<size_t> next() const;
  /// The same for a chunk, among places with credit left and with fewer than `most` chunks of which
  /// the batch has not been dealt yet.
  std::optional<size_t> deal_chunk(size_t most);
  /// The batch that ends in the first chunk of `place` has been dealt to it.
  void chunk_became_batch(size_t place) { --chunks_[place]; }
  /// No row ends in the first chunk of `place`. Its credit is given back.
  void chunk_has_no_batch(size_t place);
  /// A batch of `place` came back.
  void returned(size_t place) { --outstanding_[place]; }

  bool has_credit() const;
  bool has_credit_here() const { return find(0, credit_, Where::here, SIZE_MAX).has_value(); }
  bool has_idle() const;

 private:
  enum class Where { anywhere, here, elsewhere };

  std::optional<size_t> find(size_t first, size_t limit, Where where, size_t chunk_limit) const;
  std::optional<size_t> deal_below(size_t limit, Where where = Where::anywhere,
                                   size_t chunk_limit = SIZE_MAX);
  bool has_room(size_t place, size_t limit) const {
    return outstanding_[place] < std::min(limit, limits_[place]);
  }
  bool any_below(size_t limit) const;

  DealPolicy policy_;
  size_t credit_;
  std::vector<size_t> outstanding_;  // batches, by place, with those that chunks will become
  std::vector<size_t> limits_;       // by place: no more than so many may be outstanding
  std::vector<bool> is_elsewhere_;   // by place
  std::vector<size_t> chunks_;       // by place: chunks of which the batch has not been dealt
  size_t next_ = 0;                  // the place that is chosen first among equals
  std::minstd_rand random_;          // seeded only for DealPolicy::random
};

}  // namespace rowsum
