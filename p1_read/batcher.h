// Turns the bytes of the inputs into batches, as they arrive. Pure: it is fed bytes and gives
// ranges; where the bytes are meanwhile is somebody else's matter.
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
#include "p1_read/row_cutter.h"

namespace rowsum {

struct BatcherOptions {
  Dialect dialect;
  bool header = false;                        // each input's first row is no row
  uint64_t batch_size = uint64_t{512} << 10;  // bytes; a longer row makes a longer batch
  uint64_t max_row = uint64_t{16} << 20;      // bytes, without the row end

  /// No batch is longer: a long row may have rows before and after it.
  uint64_t largest_text() const { return batch_size + max_row + 2; }
};

class Batcher {
 public:
  /// `begin`: the offset of the first byte of the first input.
  Batcher(const BatcherOptions& options, uint64_t begin);

  /// The first input, which has just begun, goes on where a row of this number begins: what comes
  /// is no byte order mark and no header.
  void go_on_at_row(uint64_t number);

  /// `name` is for messages.
  void begin_input(uint32_t input, const std::string& name);
  void feed(std::string_view bytes);
  /// The last row of an input needs no row end.
  void end_input();

  /// How many bytes to feed at most before batches are taken: as many as make a full batch, or,
  /// after a row that is longer than one, as many again; and never so many that a row could end
  /// beyond max_row unseen. At least 1.
  uint64_t wanted() const;

  /// The next batch, all the whole rows there are, if it is as full as it gets: one more row might
  /// be too much.
  std::optional<Batch> take_full();
  /// The same, however few they are.
  std::optional<Batch> take_any();
  bool has_rows() const { return rows_known() > rows_taken_; }

  /// Throws Failure(bad_data) for a row longer than max_row and for a quote that the end of its
  /// input left open. The rows before it count as a full batch, to be taken first.
  void check() const;

  /// Where the next batch begins: bytes before it are needed no more.
  uint64_t taken() const { return taken_; }
  /// Where the next byte to be fed lies.
  uint64_t scanned() const { return cutter_.scanned() + mark_bytes_; }
  /// Rows taken so far.
  uint64_t rows() const { return rows_taken_ - first_row_; }

 private:
  void feed_rows(std::string_view bytes);
  /// What looked like the beginning of a byte order mark.
  void feed_what_is_no_mark();
  void note_header();
  Batch take(uint64_t end);
  /// Rows that ended so far, in all inputs; a header is none.
  uint64_t rows_known() const { return rows_before_input_ + cutter_.rows() - header_rows_; }
  bool has_failed() const { return is_unterminated_ || cutter_.open_bytes() > options_.max_row; }

  BatcherOptions options_;
  RowCutter cutter_;
  std::string name_;
  uint32_t input_ = 0;
  uint64_t origin_ = 0;  // the offset of this input's byte 0
  uint64_t taken_;
  uint64_t text_begin_;  // where this input's rows begin: after a byte order mark and a header
  uint64_t first_row_ = 0;
  uint64_t rows_taken_ = 0;  // and those before the first
  uint64_t rows_before_input_ = 0;
  uint64_t header_rows_ = 0;    // 1 once this input's header has ended
  size_t mark_bytes_ = 0;       // of a byte order mark, seen and not fed to the cutter
  bool may_have_mark_ = false;  // nothing but those has been seen of this input
  bool awaits_header_ = false;
  bool is_ended_ = false;
  bool is_unterminated_ = false;
};

}  // namespace rowsum
