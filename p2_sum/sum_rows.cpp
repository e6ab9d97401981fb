// SPDX-License-Identifier: MIT
#include "p2_sum/sum_rows.h"

#include <algorithm>
#include <iterator>

#include "common/simd/dispatch.h"
#include "common/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "p2_sum/sum_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET != HWY_SCALAR  // HWY_SCALAR has no vectors; see below
#include "p2_sum/few_digits-inl.h"
#include "p2_sum/long_fields-inl.h"
#include "p2_sum/places-inl.h"
#include "p2_sum/single_digits-inl.h"
#include "p2_sum/stretch-inl.h"
HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

/// Sums rows of any integers, one stretch of text after another.
///
/// Every byte of a stretch is scanned once. Plain fields, and fields that can be summed as if they
/// were plain, are summed many at a time, in the cheapest way for their numbers of digits. Other
/// fields are called exact fields here, and are parsed one by one.
class StretchSummer {
 public:
  explicit StretchSummer(RowCollector& collector) : collector_(collector) {}

  /// Sums what can be summed of the stretch that begins at `text`. Returns where to go on: after
  /// the last whole row or, if a long part of a row follows it, after the last whole field.
  const char* sum(const char* text) {
    text_ = text;
    const auto left = static_cast<size_t>(collector_.text_end - text);
    const size_t size = std::min(left, Stretch::longest);
    look(text, size, collector_.dialect.delimiter, size == left, stretch_);
    way_ = running_sums_.add_up(stretch_) ? Way::running_sums : Way::places;
    begin_ = next_unplain_ = 0;
    find_exact_field(0);
    for (size_t row = 0; row < stretch_.rows && begin_ < size + is_in_row_;) {
      const size_t end = stretch_.row_ends[row];
      if (way_ != Way::columns && !is_in_row_ && end >= begin_ && end < exact_) {
        row = finish_rows(row);
        continue;
      }
      ++row;
      // Row ends before begin_ are inside the quotes of a field that has been parsed.
      if (end >= begin_ && sum_up_to(end)) finish_row(end);
    }
    // If the beginning of the next row is long, it is summed now, so that it is not scanned again.
    constexpr size_t is_long = Stretch::longest / 16;
    if (size < Stretch::longest || begin_ + is_long > size) return text + begin_;
    size_t last_separator = size;
    while (last_separator > begin_ && !is_separator(text[last_separator - 1])) --last_separator;
    if (last_separator > begin_) {
      is_in_row_ = true;
      if (sum_up_to(last_separator - 1)) begin_ = last_separator;
    } else if (begin_ == 0) {
      // The field is longer than the stretch.
      is_in_row_ = true;
      go_on_after(offset(collector_.add_field(text)));
    }
    return text + begin_;
  }

  /// The last stretch ended within a row.
  bool is_in_row() const { return is_in_row_; }

 private:
  /// The ways to sum fields. The more digits the fields may have, the more work is needed.
  enum class Way { running_sums, places, columns };

  size_t offset(const char* at) const { return static_cast<size_t>(at - text_); }
  bool is_separator(char c) const { return c == collector_.dialect.delimiter || is_row_end(c); }
  size_t field_around(size_t at, size_t begin) const {
    while (at > begin && !is_separator(text_[at - 1])) --at;
    return at;
  }

  /// Finds the next exact field from `begin` on.
  void find_exact_field(size_t begin) {
    for (; next_unplain_ < stretch_.unplain_count; ++next_unplain_) {
      const size_t at = stretch_.unplain_at[next_unplain_];
      if (at < begin || is_blank_line(at)) continue;
      exact_ = field_around(at, begin);
      const char* const end =
          skip_simple_field(text_ + exact_, collector_.text_end, collector_.dialect.delimiter);
      if (!end) return;
      begin = offset(end) + 1;
    }
    exact_ = SIZE_MAX;
  }

  bool is_blank_line(size_t at) const {
    return text_ + at != collector_.text_end && is_row_end(text_[at]) &&
           (at == 0 ? !is_in_row_ : is_row_end(text_[at - 1]));
  }

  void finish_row(size_t end) {
    begin_ = offset(collector_.finish_row(text_ + end, plain_));
    plain_ = 0;
    is_in_row_ = false;
  }

  /// Finishes as many rows as possible from `row` on, which is the current row and has no exact
  /// field. Returns the row that is next. If that is still `row`, way_ has changed, and it is to be
  /// summed in the new way.
  size_t finish_rows(size_t row) {
    int64_t sums[256];
    const uint32_t* const ends = stretch_.row_ends + row;
    size_t count = std::min(std::size(sums), stretch_.rows - row);
    count = static_cast<size_t>(std::lower_bound(ends, ends + count, exact_) - ends);
    if (way_ == Way::running_sums) {
      running_sums_.of_rows(begin_, ends, count, sums);
    } else {
      count = sum_rows_by_places(ends, count, sums);
      if (count == 0) return row;
    }
    begin_ = offset(collector_.finish_rows(sums, count, text_ + ends[count - 1]));
    return row + count;
  }

  /// Sums rows from begin_ on, up to one with a field of more than ten digits. Returns how many.
  size_t sum_rows_by_places(const uint32_t* row_ends, size_t count, int64_t* sums) {
    size_t begin = begin_;
    for (size_t i = 0; i < count; begin = row_ends[i++] + 1) {
      if (sum_places(stretch_, begin, row_ends[i], sums[i])) continue;
      begin_columns();
      return i;
    }
    return count;
  }

  void begin_columns() {
    way_ = Way::columns;
    find_runs(stretch_, runs_);
    next_run_ = 0;
  }

  /// Goes on after an exact field, which ended at `field_end`.
  void go_on_after(size_t field_end) {
    const char* const end = text_ + field_end;
    if (end == collector_.text_end || is_row_end(*end)) return finish_row(field_end);
    begin_ = field_end + 1;
    is_in_row_ = true;
  }

  /// Adds the fields from begin_ to the separator at `end`. Returns false if that separator is
  /// inside a quoted field. Then begin_ is after that field.
  bool sum_up_to(size_t end) {
    while (exact_ <= end) {
      if (exact_ > begin_) add_plain(exact_ - 1);
      const size_t field_end = offset(collector_.add_field(text_ + exact_));
      begin_ = field_end + 1;
      find_exact_field(begin_);
      if (field_end > end) {
        go_on_after(field_end);
        return false;
      }
    }
    if (end > begin_) add_plain(end);
    return true;
  }

  void add_plain(size_t end) {
    int64_t sum = 0;
    if (way_ == Way::running_sums) {
      sum = running_sums_.between(begin_, end);
    } else if (way_ == Way::places && !sum_places(stretch_, begin_, end, sum)) {
      begin_columns();
    }
    if (way_ == Way::columns) return add_columns(end);
    plain_ += sum;
  }

  void add_columns(size_t end) {
    while (runs_.begins[next_run_] < begin_) ++next_run_;
    while (true) {
      next_run_ = sum_columns(stretch_, runs_, next_run_, end, plain_);
      if (runs_.begins[next_run_] >= end) return;
      collector_.add_field(text_ + field_around(runs_.begins[next_run_++], begin_));
    }
  }

  RowCollector& collector_;
  Stretch stretch_;
  RunningSums running_sums_;
  Runs runs_;
  Way way_ = Way::running_sums;
  const char* text_ = nullptr;
  size_t begin_ = 0;  // everything before it has been summed
  size_t next_unplain_ = 0;
  size_t exact_ = SIZE_MAX;  // where the next exact field begins
  size_t next_run_ = 0;
  Int128 plain_ = 0;  // of the current row so far, without the fields that add_field() got
  bool is_in_row_ = false;
};

void sum_rows(RowCollector& collector, const char* row) {
  StretchSummer summer(collector);
  while (row != collector.text_end || summer.is_in_row()) {
    if (!summer.is_in_row()) row = sum_single_digits(row, collector);
    if (row != collector.text_end || summer.is_in_row()) row = summer.sum(row);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace rowsum {

namespace {

/// The same without vectors, a byte at a time.
void sum_rows_scalar(RowCollector& collector, const char* field) {
  // Any integer of so many digits fits an int64_t.
  constexpr ptrdiff_t few_digits = 18;
  const char* const text_end = collector.text_end;
  const char delimiter = collector.dialect.delimiter;
  Int128 plain = 0;
  while (field != text_end) {
    const char* end = field;
    while (true) {
      const bool negative = end != text_end && *end == '-';
      if (negative) ++end;
      const char* const digits = end;
      int64_t value = 0;
      while (end != text_end && is_digit(*end) && end - digits < few_digits) {
        value = 10 * value + (*end++ - '0');
      }
      if (end != digits && (end == text_end || *end == delimiter || is_row_end(*end))) {
        plain += negative ? -value : value;
      } else {
        end = collector.add_field(field);
      }
      if (end == text_end || *end != delimiter) break;
      field = ++end;
    }
    field = collector.finish_row(end, plain);
    plain = 0;
  }
}

/// For a delimiter that could be a part of an integer, so that a byte by itself does not show what
/// it is.
void sum_rows_exactly(RowCollector& collector, const char* field) {
  while (field != collector.text_end) {
    const char* end = collector.add_field(field);
    while (end != collector.text_end && *end == collector.dialect.delimiter)
      end = collector.add_field(end + 1);
    field = collector.finish_row(end, Int128{0});
  }
}

auto* kernel() {
  ROWSUM_BY_SIMD_LEVEL(sum_rows, sum_rows_scalar);
}

}  // namespace

void sum_rows(RowCollector& collector) {
  const char delimiter = collector.dialect.delimiter;
  if (is_digit(delimiter) || delimiter == '-') return sum_rows_exactly(collector, collector.row());
  kernel()(collector, collector.row());
}

}  // namespace rowsum
#endif
