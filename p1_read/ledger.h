// SPDX-License-Identifier: MIT
// What one place has been given and has not returned, over all of its lives: batches, and chunks to
// scan (common/wire/scanned_chunk.h). From this, the next life gets exactly what the last one left,
// in the same order. When several workers in a row die, the ledger finds the row that kills them.
// Pure: knows ranges, not bytes or processes.
//
//   ledger.deal(item);
//   while (auto item = ledger.next()) { send it to the worker }
//   ledger.answered(end);                             // a result is under way
//   ledger.returned(end);                             // a result has come back
//   ledger.scanned(begin);                            // an outline has come back
//   switch (ledger.died()) ...                        // the worker has gone; then next() again
//
// A worker may die for a reason that is not in what it was given, so the next one is given the
// same. But if `retries` more workers die, and nothing comes back in between, the batch in front is
// suspect. It is cut into pieces, which are given out one at a time. So the piece on which the next
// worker dies is known at once, and is cut again. A single row gets as many tries as the batch did;
// then it is refused. That takes 2 (retries + 1) deaths, and one more for every cut but the first.
// A chunk that is suspect is no longer given to any worker.
//
// The death of a worker that had nothing to do says nothing about any batch, nor does the death of
// a worker as it starts or ends. But if more than `retries` workers in a row die as they start or
// end, no worker can live at this place.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "common/model/batch.h"

namespace rowsum {

/// The most pieces that a suspect batch is cut into. With many pieces, few deaths are enough.
constexpr uint64_t suspect_pieces = 64;

class Ledger {
 public:
  explicit Ledger(unsigned retries) : retries_(retries) {}

  struct Item {
    Batch batch;                                      // a chunk: a range of an input, without rows
    std::optional<uint64_t> checksum = std::nullopt;  // of its text, if it is to be sent along
    bool is_refused = false;  // the worker does not look at the row but returns it as a reject
    bool is_chunk = false;    // the worker does not sum the batch but scans it

    bool operator==(const Item&) const = default;
  };
  enum class Death {
    again,     // all that is outstanding goes to the next life
    suspect,   // the same, after cut_front() or, if front_is_chunk(), after scanned()
    hopeless,  // workers die here whatever they are given
  };

  void deal(const Item& item);

  /// Returns what is to be sent to the current life next, if there is anything, and counts it as
  /// sent.
  std::optional<Item> next();
  bool has_sent_all() const { return sent_ == entries_.size(); }

  /// Whether the oldest batch that has been sent ends at `end`.
  bool awaits(uint64_t end) const;
  /// The worker says that it has answered the batch that ends at `end`; the result may still be
  /// under way. Returns whether that is news of a whole batch, as it was dealt.
  bool answered(uint64_t end);
  /// The result that ends at `end` has come back. Returns whether a whole batch, as it was dealt,
  /// has now come back, of which answered() had not been called. Throws std::logic_error if the
  /// result does not answer the oldest batch that has been sent.
  bool returned(uint64_t end);
  /// The outline of the chunk that begins at `begin` is known. Nothing changes if there is no such
  /// chunk: two lives of a place may have scanned the same one.
  void scanned(uint64_t begin);
  /// Chunks are not needed any more.
  void drop_chunks();

  /// The current life is over, and nothing more will come back from it. `was_at_work`: its stream
  /// had begun, and it had more to do than to end that stream.
  Death died(bool was_at_work = true);

  /// The oldest batch or chunk that has not come back; there must be one.
  const Batch& front() const { return entries_.front().item.batch; }
  bool front_is_chunk() const { return entries_.front().item.is_chunk; }
  /// To be called after Death::suspect: replaces the oldest batch by `pieces`, which tile it.
  void cut_front(const std::vector<Item>& pieces);

  /// About how many bytes of lines are on their way: of batches that have been answered and have
  /// not come back.
  uint64_t lines_under_way() const;

  bool is_empty() const { return entries_.empty(); }
  void clear();

 private:
  struct Entry {
    Item item;
    bool is_last_piece = true;  // of a batch as it was dealt
    bool is_answered = false;   // answered() has been called, for this life or an earlier one
    bool is_suspect = false;
  };

  using Entries = std::deque<Entry>;

  /// The oldest batch that has been sent, or the end of what has been sent.
  Entries::const_iterator oldest_batch() const;
  Entries::const_iterator end_of_sent() const {
    return entries_.begin() + static_cast<ptrdiff_t>(sent_);
  }

  unsigned retries_;
  Entries entries_;           // in the order in which they are sent; batches in input order
  size_t sent_ = 0;           // how many of the first entries have been sent to the current life
  unsigned deaths_ = 0;       // in a row, with nothing returned, cut or refused in between
  unsigned idle_deaths_ = 0;  // in a row, of workers that were not at work
};

}  // namespace rowsum
