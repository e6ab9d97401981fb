// SPDX-License-Identifier: MIT
#include "p1_read/ledger.h"

#include <algorithm>
#include <stdexcept>

namespace rowsum {

void Ledger::deal(const Item& item) {
  if (entries_.empty()) deaths_ = 0;
  entries_.push_back({item});
}

std::optional<Ledger::Item> Ledger::next() {
  if (has_sent_all()) return std::nullopt;
  // A suspect is sent alone. No suspect stands behind a batch that is not suspect.
  if (sent_ > 0 && entries_.front().is_suspect) return std::nullopt;
  return entries_[sent_++].item;
}

Ledger::Entries::const_iterator Ledger::oldest_batch() const {
  return std::find_if(entries_.cbegin(), end_of_sent(),
                      [](const Entry& entry) { return !entry.item.is_chunk; });
}

bool Ledger::awaits(uint64_t end) const {
  const auto batch = oldest_batch();
  return batch != end_of_sent() && batch->item.batch.range.end == end;
}

bool Ledger::answered(uint64_t end) {
  const auto is_it = [end](const Entry& entry) {
    return !entry.item.is_chunk && entry.item.batch.range.end == end;
  };
  const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
  if (found == entries_.end() || !found->is_last_piece || found->is_answered) return false;
  return found->is_answered = true;
}

bool Ledger::returned(uint64_t end) {
  if (!awaits(end)) throw std::logic_error("a result for a batch that was not dealt");
  const auto batch = oldest_batch();
  const bool is_news = batch->is_last_piece && !batch->is_answered;
  entries_.erase(batch);
  --sent_;
  deaths_ = idle_deaths_ = 0;
  return is_news;
}

void Ledger::scanned(uint64_t begin) {
  const auto is_it = [begin](const Entry& entry) {
    return entry.item.is_chunk && entry.item.batch.range.begin == begin;
  };
  const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
  if (found == entries_.end()) return;
  if (found < end_of_sent()) --sent_;
  entries_.erase(found);
  deaths_ = idle_deaths_ = 0;
}

void Ledger::drop_chunks() {
  const auto is_chunk = [](const Entry& entry) { return entry.item.is_chunk; };
  sent_ -= static_cast<size_t>(std::count_if(entries_.cbegin(), end_of_sent(), is_chunk));
  std::erase_if(entries_, is_chunk);
}

Ledger::Death Ledger::died(bool was_at_work) {
  sent_ = 0;
  if (!was_at_work) return ++idle_deaths_ > retries_ ? Death::hopeless : Death::again;
  idle_deaths_ = 0;
  if (entries_.empty()) return Death::again;
  const bool has_tried_enough = ++deaths_ > retries_;
  Entry& entry = entries_.front();
  if (entry.item.is_refused) return has_tried_enough ? Death::hopeless : Death::again;
  if (entry.item.is_chunk) return has_tried_enough ? Death::suspect : Death::again;
  if (entry.item.batch.rows > 1) {
    return entry.is_suspect || has_tried_enough ? Death::suspect : Death::again;
  }
  if (has_tried_enough) {
    entry.is_suspect = entry.item.is_refused = true;
    deaths_ = 0;
  }
  return Death::again;
}

void Ledger::cut_front(const std::vector<Item>& pieces) {
  bool is_last_piece = entries_.front().is_last_piece;
  const bool is_answered = entries_.front().is_answered;
  entries_.pop_front();
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    entries_.push_front({*piece, is_last_piece, is_last_piece && is_answered, true});
    is_last_piece = false;
  }
  deaths_ = 0;
}

uint64_t Ledger::lines_under_way() const {
  constexpr uint64_t longest_index = 22;  // with a comma and the end of the line
  uint64_t bytes = 0;
  for (const Entry& entry : entries_) {
    if (entry.is_answered) bytes += entry.item.batch.text + longest_index * entry.item.batch.rows;
  }
  return bytes;
}

void Ledger::clear() {
  entries_.clear();
  sent_ = 0;
}

}  // namespace rowsum
