#include "p2_sum/row_collector.h"

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
    parser_.add_to(sum_);
  } else if (!bad_field_) {
    bad_field_ = field;
    bad_value_ = parser_.value().substr(0, reject_value_limit);
  }
  return end;
}

void RowCollector::finish_unusual_row(const char* end, Int128 plain) {
  if (is_simple_) sum_.clear();
  sum_.add(plain);
  if (is_simple_ || !bad_field_) {
    lines.print(sum_);
  } else {
    uint64_t number = 1;
    for (const char* field = row_; field != bad_field_; ++number) {
      field = parser_.parse(field, text_end) + 1;
    }
    const auto offset = text_offset_ + static_cast<uint64_t>(bad_field_ - text_begin_);
    rejects.push_back({rows, number, offset, lines.lines().size(), bad_value_,
                       std::string(row_, after_row_end(end))});
    lines.skip();
  }
  is_simple_ = true;
}

}  // namespace rowsum
