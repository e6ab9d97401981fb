// SPDX-License-Identifier: MIT
#include "p2_sum/row_collector.h"

#include "common/worker/reasons.h"

namespace rowsum {

void RowCollector::begin(const Batch& batch, std::string_view text) {
  text_begin_ = row_ = text.data();
  text_end = text.data() + text.size();
  text_offset_ = batch.text_begin();
  lines.begin(batch.first_row == unknown_row ? 0 : batch.first_row);
  rejects.clear();
  rows = 0;
}

const char* RowCollector::add_field(const char* field) {
  const bool is_blank = field == row_ && field != text_end && is_row_end(*field);
  if (is_blank) return field;
  if (is_simple_) {
    is_simple_ = false;
    sum_.clear();
    bad_field_ = nullptr;
  }
  const char* const end = parser_.parse(field, text_end);
  if (parser_.is_integer()) {
    sum_.add_digits(parser_.is_negative(), parser_.digits());
  } else if (!bad_field_ && !(parser_.is_empty() && empty_is_zero_)) {
    bad_field_ = field;
    bad_reason_ = not_an_integer(parser_.value());
  }
  return end;
}

void RowCollector::finish_unusual_row(const char* end, Int128 plain) {
  if (is_simple_) sum_.clear();
  sum_.add(plain);
  if (is_simple_ || !bad_field_) {
    print_sum();
  } else {
    uint64_t number = 1;
    for (const char* field = row_; field != bad_field_; ++number) {
      field = parser_.parse(field, text_end) + 1;
    }
    const auto offset = text_offset_ + static_cast<uint64_t>(bad_field_ - text_begin_);
    rejects.push_back({rows, number, offset, lines.lines().size(), bad_reason_,
                       std::string(row_, after_row_end(end))});
    lines.skip();
  }
  is_simple_ = true;
}

void RowCollector::print_sum() {
  if (sum_.is_small() && sum_.small() >= INT64_MIN && sum_.small() <= INT64_MAX) {
    return lines.print(static_cast<int64_t>(sum_.small()));
  }
  std::string digits;
  sum_.print(digits);
  lines.print(digits);
}

}  // namespace rowsum
