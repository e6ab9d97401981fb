#include "p3_write/merger.h"

#include <algorithm>

#include "common/base/failure.h"

namespace rowsum {

void Merger::expect(size_t stream) {
  if (stream >= streams_.size()) streams_.resize(stream + 1);
  streams_[stream].is_expected = true;
}

void Merger::hello(size_t stream, const std::string& name, const Hello& hello) {
  streams_[stream].name = name;
  if (hello.inputs.empty()) return;  // it failed before it knew its input; its end will say so
  if (!hello_) {
    hello_ = hello;
    hello_name_ = name;
    position_ = hello.begin;
  } else if (!hello_->same_input(hello)) {
    throw Failure(ExitStatus::bad_data,
                  name + ": of another input, or read in another way, than " + hello_name_);
  }
}

void Merger::head(size_t stream, const Batch& head) {
  streams_[stream].has_head = true;
  streams_[stream].head = head;
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
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].has_head && streams_[i].head.range.begin == position_) return i;
  }
  return std::nullopt;
}

void Merger::written(size_t stream) {
  Stream& from = streams_[stream];
  const Batch& batch = from.head;
  if (!has_written_ && batch.first_row != unknown_row) next_row_ = batch.first_row;
  if (batch.first_row != unknown_row && batch.first_row != next_row_) {
    throw Failure(ExitStatus::bad_data, from.name + ": " + describe(batch.range) +
                                            " begin with row " + std::to_string(batch.first_row) +
                                            " and not " + std::to_string(next_row_));
  }
  has_written_ = true;
  position_ = batch.range.end;
  next_row_ += batch.rows;
  rows_ += batch.rows;
  from.has_head = false;
  for (const Stream& other : streams_) check_overlap(other);
  check_gap();
}

uint64_t Merger::next_row() const {
  const auto next = has_written_ ? std::nullopt : due();
  const bool is_known = next && streams_[*next].head.first_row != unknown_row;
  return is_known ? streams_[*next].head.first_row : next_row_;
}

bool Merger::is_over() const {
  const auto has_shown_all = [](const Stream& stream) {
    return !stream.is_expected || stream.has_ended || stream.has_head;
  };
  return !streams_.empty() && std::all_of(streams_.begin(), streams_.end(), has_shown_all) &&
         !due();
}

void Merger::check_overlap(const Stream& stream) const {
  if (!stream.has_head || stream.head.range.begin >= position_) return;
  throw Failure(ExitStatus::bad_data, stream.name + ": " + describe(stream.head.range) +
                                          " come twice (everything before byte " +
                                          std::to_string(position_) + " is written)");
}

/// Throws if a part of the input is missing: every stream shows a head or has ended, but no head is
/// due.
void Merger::check_gap() const {
  if (status_ != ExitStatus::complete || !is_over()) return;
  const auto missing = [&](uint64_t end) {
    return Failure(ExitStatus::bad_data,
                   describe({position_, end}) + " of the input are missing from the streams");
  };
  const Stream* next = nullptr;
  for (const Stream& stream : streams_) {
    if (stream.has_head && (!next || stream.head.range.begin < next->head.range.begin)) {
      next = &stream;
    }
  }
  if (next) throw missing(next->head.range.begin);
  if (verdict_->total > position_) throw missing(verdict_->total);
  if (verdict_->total < position_ || verdict_->rows != rows_) {
    throw Failure(ExitStatus::bad_data, "the streams hold " + std::to_string(rows_) +
                                            " rows up to byte " + std::to_string(position_) +
                                            ", and their end says " +
                                            std::to_string(verdict_->rows) + " up to byte " +
                                            std::to_string(verdict_->total));
  }
}

}  // namespace rowsum
