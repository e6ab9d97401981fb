// SPDX-License-Identifier: MIT
#include "p3_write/merger.h"

#include <algorithm>
#include <iterator>

#include "common/base/failure.h"

namespace rowsum {

Merger::Merger(size_t streams, size_t most_ahead, std::optional<Place> begin)
    : streams_(streams), most_ahead_(most_ahead), begin_(begin) {
  for (Stream& stream : streams_) stream.is_expected = true;
  if (begin) done_ = {{begin->offset, begin->offset}, begin->row, 0};
}

void Merger::expect(size_t stream) {
  if (stream >= streams_.size()) streams_.resize(stream + 1);
  streams_[stream].is_expected = true;
}

void Merger::hello(size_t stream, const std::string& name, const Hello& hello) {
  streams_[stream].name = name;
  if (hello.inputs.empty()) return;  // it failed before it knew its input; its end will say so
  if (!hello_) {
    if (begin_ && hello.begin != begin_->offset) {
      throw Failure(ExitStatus::bad_data, name + ": begins at byte " + std::to_string(hello.begin) +
                                              ", and what comes before it ends at byte " +
                                              std::to_string(begin_->offset));
    }
    hello_ = hello;
    hello_name_ = name;
    done_.range = {hello.begin, hello.begin};
  } else if (hello.part.is_given() && hello_->part.is_given() && hello.part != hello_->part) {
    throw Failure(ExitStatus::bad_data,
                  name + ": " + describe(hello.part) + ", and " + hello_name_ + " is " +
                      describe(hello_->part) +
                      "; the streams of parts have to be regular files with names");
  } else if (!hello_->same_input(hello)) {
    throw Failure(ExitStatus::bad_data,
                  name + ": of another input, or read in another way, than " + hello_name_);
  }
}

void Merger::head(size_t stream, const Batch& head) {
  streams_[stream].has_head = true;
  streams_[stream].head = head;
  if (most_ahead_ > 0 && head.first_row == unknown_row) {
    throw Failure(ExitStatus::bad_data,
                  streams_[stream].name +
                      ": the numbers of its rows are not known, so they cannot "
                      "be written out of order");
  }
  check_overlap(streams_[stream]);
  check_gap();
}

void Merger::end(size_t stream, const Verdict& verdict) {
  Stream& ended = streams_[stream];
  ended.has_ended = true;
  if (!verdict.is_complete()) {
    if (status_ == ExitStatus::complete || status_ == ExitStatus::neighbour_vanished) {
      status_ = verdict.status;
    }
  } else if (!verdict_) {
    verdict_ = verdict;
  } else if (*verdict_ != verdict) {
    throw Failure(ExitStatus::bad_data,
                  ended.name + ": ends at byte " + std::to_string(verdict.total) +
                      ", and another stream at byte " + std::to_string(verdict_->total));
  }
  check_gap();
}

std::optional<size_t> Merger::due() const {
  std::optional<size_t> ahead;
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (!streams_[i].has_head) continue;
    if (streams_[i].head.range.begin == position()) return i;
    if (ahead_.size() < most_ahead_) ahead = i;
  }
  return ahead;
}

uint64_t Merger::first_row(size_t stream) const {
  const uint64_t known = streams_[stream].head.first_row;
  return known == unknown_row ? next_row() : known;
}

void Merger::written(size_t stream) {
  Stream& from = streams_[stream];
  Part part{from.head.range, first_row(stream), from.head.rows};
  from.has_head = false;
  auto next = ahead_.lower_bound(part.range.begin);
  if (next != ahead_.end() && next->first == part.range.end) {
    join(part, next->second, from.name);
    next = ahead_.erase(next);
  }
  if (part.range.begin == position()) {
    if (done_.range.size() == 0 && !begin_) done_.first_row = part.first_row;
    join(done_, part, from.name);
  } else if (next != ahead_.begin() && std::prev(next)->second.range.end == part.range.begin) {
    join(std::prev(next)->second, part, from.name);
  } else {
    ahead_.emplace(part.range.begin, part);
  }
  for (const Stream& other : streams_) check_overlap(other);
  check_gap();
}

bool Merger::is_over() const {
  const auto has_shown_all = [](const Stream& stream) {
    return !stream.is_expected || stream.has_ended || stream.has_head;
  };
  return !streams_.empty() && std::all_of(streams_.begin(), streams_.end(), has_shown_all) &&
         !due();
}

void Merger::join(Part& part, const Part& next, const std::string& name) {
  const uint64_t row = part.first_row + part.rows;
  if (next.first_row != row) {
    throw Failure(ExitStatus::bad_data, name + ": " + describe(next.range) + " begin with row " +
                                            std::to_string(next.first_row) + " and not " +
                                            std::to_string(row));
  }
  part.range.end = next.range.end;
  part.rows += next.rows;
}

void Merger::check_overlap(const Stream& stream) const {
  if (!stream.has_head) return;
  const Range& range = stream.head.range;
  const auto refuse = [&](const std::string& written) {
    throw Failure(ExitStatus::bad_data,
                  stream.name + ": " + describe(range) + " come twice (" + written + " written)");
  };
  if (range.begin < position()) {
    refuse("everything before byte " + std::to_string(position()) + " is");
  }
  const auto after = ahead_.lower_bound(range.end);
  if (after == ahead_.begin()) return;
  const Range& last_before = std::prev(after)->second.range;
  if (range.begin < last_before.end) refuse(describe(last_before) + " are");
}

/// Throws if a part of the input is missing: every stream shows a head or has ended, but no head is
/// due.
void Merger::check_gap() const {
  if (status_ != ExitStatus::complete || !is_over()) return;
  const auto missing = [&](uint64_t end) {
    return Failure(ExitStatus::bad_data,
                   describe(Range{position(), end}) + " of the input are missing from the streams");
  };
  std::optional<uint64_t> next;  // where the next part begins that there is
  if (!ahead_.empty()) next = ahead_.begin()->first;
  for (const Stream& stream : streams_) {
    if (stream.has_head && (!next || stream.head.range.begin < *next)) {
      next = stream.head.range.begin;
    }
  }
  if (next) throw missing(*next);
  if (verdict_->total > position()) throw missing(verdict_->total);
  if (verdict_->total < position() || verdict_->rows != done_.rows) {
    throw Failure(ExitStatus::bad_data, "the streams hold " + std::to_string(done_.rows) +
                                            " rows up to byte " + std::to_string(position()) +
                                            ", and their end says " +
                                            std::to_string(verdict_->rows) + " up to byte " +
                                            std::to_string(verdict_->total));
  }
}

}  // namespace rowsum
