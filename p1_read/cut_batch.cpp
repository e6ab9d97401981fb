// SPDX-License-Identifier: MIT
#include "p1_read/cut_batch.h"

#include <algorithm>

#include "p1_read/row_cutter.h"

namespace rowsum {

std::vector<Batch> cut_batch(const Batch& batch, std::string_view text, Dialect dialect,
                             uint64_t most) {
  const uint64_t rows_each = (batch.rows + most - 1) / most;
  std::vector<Batch> pieces;
  RowCutter cutter(dialect, batch.text_begin());
  Batch piece = batch;
  // Bytes before the text belong to the first piece.
  const auto rows = [&] { return batch.first_row + cutter.rows() - piece.first_row; };
  const auto take = [&](uint64_t end) {
    piece.range.end = end;
    piece.text = pieces.empty() ? end - batch.text_begin() : piece.range.size();
    piece.rows = rows();
    pieces.push_back(piece);
    piece.first_row += piece.rows;
    piece.range.begin = end;
  };
  while (!text.empty()) {
    text.remove_prefix(cutter.feed_row(text));
    if (rows() == rows_each && cutter.row_end() < batch.range.end) take(cutter.row_end());
  }
  cutter.finish();
  take(batch.range.end);
  return pieces;
}

std::vector<Batch> split_batch(const Batch& batch, std::string_view text, Dialect dialect,
                               uint64_t bytes) {
  RowCutter cutter(dialect, batch.text_begin());
  // No row that ends in these is the last one of the first batch, so they need no look at each row.
  const uint64_t before = std::min<uint64_t>(std::max<uint64_t>(bytes, 1) - 1, text.size());
  cutter.feed(text.substr(0, before));
  text.remove_prefix(before);
  while (!text.empty() && cutter.row_end() < batch.text_begin() + bytes) {
    text.remove_prefix(cutter.feed_row(text));
  }
  if (text.empty()) return {batch};
  Batch first = batch, rest = batch;
  rest.range.begin = first.range.end = cutter.row_end();
  first.text = first.range.end - batch.text_begin();
  first.rows = cutter.rows();
  rest.text = rest.range.size();
  rest.first_row += first.rows;
  rest.rows -= first.rows;
  return {first, rest};
}

}  // namespace rowsum
