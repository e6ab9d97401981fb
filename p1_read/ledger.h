// What one place has been given and has not returned, over all of its lives: so the next life gets
// exactly what the last one left, in the same order. When worker after worker dies, it finds the
// row they die of. Pure: knows batches, not bytes or processes.
//
//   ledger.deal(item);
//   while (auto item = ledger.next()) { send it to the worker }
//   ledger.returned(end);                             // a result has come back
//   switch (ledger.died()) ...                        // the worker has gone; then next() again
//
// A worker that dies may have been killed for reasons of its own, so what it had is given to the
// next one. But if `retries` more die and nothing comes back in between, the batch in front is
// suspect: it is cut into pieces, which are given out one at a time, so that the one that the next
// worker dies on is known at once, and is cut again. A single row gets as many tries as the batch
// did; then it is refused. That takes 2 (retries + 1) deaths, and one for every cut but the first.
// Who dies with nothing to do says nothing of any batch. Nor does who dies of its start or of its
// end; but if more than `retries` in a row do that, no worker can live here.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/model/batch.h"

namespace rowsum {

/// Pieces that a suspect batch is cut into at most. With many, few deaths are enough.
constexpr uint64_t suspect_pieces = 64;

class Ledger {
 public:
  explicit Ledger(unsigned retries) : retries_(retries) {}

  struct Item {
    Batch batch;
    std::optional<uint64_t> checksum = std::nullopt;  // of its text, if it is to be sent along
    bool is_refused = false;  // the worker is not to look at it, only to return it as rejected

    bool operator==(const Item&) const = default;
  };
  enum class Death {
    again,     // all that is outstanding goes to the next life
    suspect,   // the same, after cut_front()
    hopeless,  // they die whatever they are given
  };

  void deal(const Item& item);

  /// What is to be sent to the current life next, if there is something; it counts as sent then.
  std::optional<Item> next();
  bool has_sent_all() const { return sent_ == entries_.size(); }

  /// Whether the oldest batch sent ends there.
  bool awaits(uint64_t end) const { return sent_ > 0 && front().range.end == end; }
  /// The result that ends at `end` came back. Returns whether all of a batch as it was dealt has
  /// come back now. Throws std::logic_error if it answers anything but the oldest one sent.
  bool returned(uint64_t end);

  /// The life is over, and nothing of it will come back any more. `was_at_work`: its stream had
  /// begun, and it had not only to end it.
  Death died(bool was_at_work = true);

  /// The oldest batch that has not come back; there must be one.
  const Batch& front() const { return entries_.front().item.batch; }
  /// After Death::suspect: replaces it by its parts, which tile it.
  void cut_front(const std::vector<Item>& pieces);

  bool is_empty() const { return entries_.empty(); }
  void clear();

 private:
  struct Entry {
    Item item;
    bool is_last_piece = true;  // of a batch as it was dealt
    bool is_suspect = false;
  };

  unsigned retries_;
  std::deque<Entry> entries_;  // in input order
  size_t sent_ = 0;            // so many of the first ones, to the current life
  unsigned deaths_ = 0;        // in a row, with nothing returned or found out in between
  unsigned idle_deaths_ = 0;   // in a row, of those who were not at work
};

}  // namespace rowsum
