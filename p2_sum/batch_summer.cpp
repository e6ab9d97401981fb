#include "p2_sum/batch_summer.h"

#include "p2_sum/line_printer.h"

namespace rowsum {

uint64_t BatchSummer::sum(const Batch& batch, std::string_view text) {
  lines_.clear();
  rejects_.clear();
  const uint64_t first_row = batch.first_row == unknown_row ? 0 : batch.first_row;
  const char* const end = text.data() + text.size();
  uint64_t rows = 0;
  for (const char* row = text.data(); row != end; ++rows) {
    const char* const next = parser_.parse(row, end);
    if (!parser_.is_rejected()) {
      print_line(first_row + rows, parser_.sum(), lines_);
    } else {
      const auto field_at = static_cast<uint64_t>(parser_.bad_field_begin() - text.data());
      rejects_.push_back({rows,
                          parser_.bad_field(),
                          batch.text_begin() + field_at,
                          lines_.size(),
                          parser_.bad_value().substr(0, reject_value_limit),
                          {row, next}});
    }
    row = next;
  }
  return rows;
}

}  // namespace rowsum
