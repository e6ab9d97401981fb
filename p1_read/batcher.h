// SPDX-License-Identifier: MIT
// Turns the bytes of the inputs into batches, as they arrive. Pure: it is fed bytes and gives
// ranges. The caller keeps the bytes themselves.
//
//   batcher.begin_input(i, name);
//   until (the input is over) {
//     batcher.feed(read(at most batcher.wanted()));    // or batcher.end_input();
//     if (auto batch = batcher.take_full()) ...
//     batcher.check();
//     if (nothing to read right now) if (auto batch = batcher.take_any()) ...
//   }
#pragma once

#include <optional>
#include <string>

#include "common/model/batch.h"
#include "common/model/field_rules.h"
#include "common/model/header_row.h"
#include "p1_read/row_cutter.h"

namespace rowsum {

struct BatcherOptions {
  Dialect dialect;
  HeaderRow header = HeaderRow::none;         // whether the first row of each input does not count
  FieldRules fields;                          // only passed on to the workers
  uint64_t batch_size = uint64_t{512} << 10;  // bytes; a longer row makes a longer batch
  uint64_t max_row = uint64_t{16} << 20;      // bytes, without the row end

  /// No batch has more bytes than this: a row of max_row bytes may have other rows before and after
  /// it.
  uint64_t largest_text() const { return batch_size + max_row + 2; }
};

class Batcher {
 public:
  /// `begin`: the offset in the first input at which reading begins.
  Batcher(const BatcherOptions& options, uint64_t begin);

  /// To be called right after begin_input() for the first input, if reading goes on in its middle.
  /// The next byte begins the row with this number, so it is part of no byte order mark and no
  /// header.
  void go_on_at_row(uint64_t number);

  /// How many bytes make a full batch from now on. No more than there were at first.
  void set_batch_size(uint64_t bytes) { options_.batch_size = bytes; }

  /// `name` is for messages.
  void begin_input(uint32_t input, const std::string& name);
  void feed(std::string_view bytes);
  /// Feeds bytes by their outline. There must not be more of them than max_row, or than one,
  /// because a longer row within them would not be noticed; and needs_bytes() must be false.
  void feed(const Outline& outline);
  /// Whether the bytes themselves are needed, because a byte order mark or a header may still come.
  bool needs_bytes() const { return may_have_mark_ || awaits_header_; }
  /// The current input is over. Its last row needs no row end.
  void end_input();

  /// How many bytes to feed at most before batches are taken; at least 1. It is what is missing
  /// from a full batch. If the bytes that wait are already more than that, because a row is longer
  /// than a batch, it is the size of a batch. It is never so much that a row longer than max_row
  /// could end unnoticed.
  uint64_t wanted() const;

  /// Returns all whole rows that have been fed as a batch, if the batch is full: the bytes that
  /// wait have reached the batch size, or the input has ended or has failed.
  std::optional<Batch> take_full();
  /// The same, however few rows there are.
  std::optional<Batch> take_any();
  bool has_rows() const { return rows_known() > rows_taken_; }

  /// Throws Failure(bad_data) for a row longer than max_row, and for a quoted field that is still
  /// open when its input ends. The rows before it count as a full batch, which is to be taken
  /// first.
  void check() const;

  uint32_t input() const { return input_; }
  const std::string& name() const { return name_; }
  /// The header row of the current input, with its row end; empty if there is none, or if it has
  /// not ended yet.
  const std::string& header_row() const { return awaits_header_ ? no_header_ : header_row_; }
  /// Whether the input is over, and its last row had no row end.
  bool lacks_row_end() const { return lacks_row_end_; }
  /// Where the rows of the current input begin, after a byte order mark and a header row, once
  /// needs_bytes() is false or the input is over.
  uint64_t rows_begin() const { return text_begin_; }
  /// The offset at which the next batch begins. Bytes before it are no longer needed.
  uint64_t taken() const { return taken_; }
  /// The offset of the next byte to be fed.
  uint64_t scanned() const { return cutter_.scanned() + mark_bytes_; }
  /// The offset of byte 0 of the current input.
  uint64_t origin() const { return origin_; }
  /// Rows taken so far.
  uint64_t rows() const { return rows_taken_ - first_row_; }

 private:
  void feed_rows(std::string_view bytes);
  /// Feeds bytes that looked like the beginning of a byte order mark and are not one.
  void feed_what_is_no_mark();
  void note_header();
  Batch take(uint64_t end);
  /// How many rows have ended so far, in all inputs. A header does not count.
  uint64_t rows_known() const { return rows_before_input_ + cutter_.rows() - header_rows_; }
  bool has_failed() const {
    return is_unterminated_ || is_too_long_ || cutter_.open_bytes() > options_.max_row;
  }

  BatcherOptions options_;
  RowCutter cutter_;
  std::string name_;
  std::string header_row_;
  const std::string no_header_;
  uint32_t input_ = 0;
  uint64_t origin_ = 0;  // the offset of this input's byte 0
  uint64_t taken_;
  uint64_t text_begin_;  // where this input's rows begin: after a byte order mark and a header
  uint64_t first_row_ = 0;
  uint64_t rows_taken_ = 0;  // rows taken; the rows before first_row_ count as taken
  uint64_t rows_before_input_ = 0;
  uint64_t header_rows_ = 0;    // 1 once this input's header has ended
  size_t mark_bytes_ = 0;       // of a byte order mark, seen and not fed to the cutter
  bool may_have_mark_ = false;  // no byte of this input has been fed that is not part of a mark
  bool awaits_header_ = false;
  bool is_ended_ = false;
  bool lacks_row_end_ = false;
  bool is_unterminated_ = false;
  bool is_too_long_ = false;  // the open row, which ends in an outline that was not fed on
};

}  // namespace rowsum
