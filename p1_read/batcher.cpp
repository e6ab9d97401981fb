// SPDX-License-Identifier: MIT
#include "p1_read/batcher.h"

#include <algorithm>
#include <utility>

#include "common/base/failure.h"

namespace rowsum {

Batcher::Batcher(const BatcherOptions& options, uint64_t begin)
    : options_(options), cutter_(options.dialect, begin), taken_(begin), text_begin_(begin) {}

void Batcher::begin_input(uint32_t input, const std::string& name) {
  rows_before_input_ = rows_taken_;
  header_rows_ = 0;
  cutter_ = RowCutter(options_.dialect, taken_);
  input_ = input;
  name_ = name;
  // Offsets in the first input count from its byte 0, even if reading begins in its middle.
  origin_ = input == 0 ? 0 : taken_;
  text_begin_ = taken_;
  may_have_mark_ = true;
  awaits_header_ = options_.header != HeaderRow::none;
  header_row_.clear();
  is_ended_ = lacks_row_end_ = false;
}

void Batcher::go_on_at_row(uint64_t number) {
  first_row_ = rows_taken_ = rows_before_input_ = number;
  may_have_mark_ = awaits_header_ = false;
}

void Batcher::feed(std::string_view bytes) {
  while (may_have_mark_ && !bytes.empty()) {
    if (bytes.front() != byte_order_mark[mark_bytes_]) {
      feed_what_is_no_mark();
      break;
    }
    bytes.remove_prefix(1);
    if (++mark_bytes_ == byte_order_mark.size()) {
      may_have_mark_ = false;
      mark_bytes_ = 0;
      text_begin_ = taken_ + byte_order_mark.size();
      cutter_ = RowCutter(options_.dialect, text_begin_);
    }
  }
  // After a failure nothing more is fed. Otherwise a row that is too long could end, and check()
  // would no longer see that it was too long.
  if (!has_failed()) feed_rows(bytes);
}

void Batcher::feed(const Outline& outline) {
  if (has_failed()) return;
  is_too_long_ = cutter_.open_bytes_with(outline) > options_.max_row;
  if (!is_too_long_) cutter_.feed(outline);
}

void Batcher::feed_what_is_no_mark() {
  may_have_mark_ = false;
  feed_rows(byte_order_mark.substr(0, std::exchange(mark_bytes_, 0)));
}

void Batcher::end_input() {
  feed_what_is_no_mark();
  if (has_failed()) return;
  lacks_row_end_ = cutter_.open_bytes() > 0;
  is_unterminated_ = !cutter_.finish();
  note_header();
  is_ended_ = true;
}

uint64_t Batcher::wanted() const {
  const uint64_t waiting = scanned() - taken_;
  const uint64_t for_batch =
      waiting < options_.batch_size ? options_.batch_size - waiting : options_.batch_size;
  const uint64_t open = cutter_.open_bytes() + mark_bytes_;
  return std::min(for_batch, open <= options_.max_row ? options_.max_row + 1 - open : 1);
}

std::optional<Batch> Batcher::take_full() {
  const bool is_full = scanned() - taken_ >= options_.batch_size;
  if (!is_full && !is_ended_ && !has_failed()) return std::nullopt;
  return take_any();
}

std::optional<Batch> Batcher::take_any() {
  if (has_rows()) return take(cutter_.row_end());
  // Only a byte order mark or a header is left: it has no rows, but a batch has to cover it (R1).
  if (is_ended_ && !is_unterminated_ && scanned() > taken_) return take(scanned());
  return std::nullopt;
}

void Batcher::check() const {
  if (!has_failed()) return;
  std::string where = name_ + ": row " + std::to_string(rows_known()) + " (";
  if (input_ > 0 && rows_before_input_ > 0) {
    where += "row " + std::to_string(rows_known() - rows_before_input_) + " of the file, ";
  }
  where += "byte " + std::to_string(cutter_.row_end() - origin_) + "): ";
  throw Failure(ExitStatus::bad_data,
                where + (is_unterminated_ ? "a quoted field is never closed"
                                          : "longer than " + std::to_string(options_.max_row) +
                                                " bytes (--max-row)"));
}

void Batcher::feed_rows(std::string_view bytes) {
  if (awaits_header_) {
    const size_t size = cutter_.feed_row(bytes);
    header_row_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    note_header();
  }
  cutter_.feed(bytes);
}

void Batcher::note_header() {
  if (!awaits_header_ || cutter_.rows() == 0) return;
  awaits_header_ = false;
  header_rows_ = 1;
  text_begin_ = cutter_.row_end();
}

Batch Batcher::take(uint64_t end) {
  Batch batch;
  batch.range = {taken_, end};
  batch.text = end - std::max(taken_, std::min(text_begin_, end));
  batch.input = input_;
  batch.first_row = rows_taken_;
  batch.rows = rows_known() - rows_taken_;
  taken_ = end;
  rows_taken_ = rows_known();
  return batch;
}

}  // namespace rowsum
