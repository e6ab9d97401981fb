// SPDX-License-Identifier: MIT
#include "p1_read/cut_batch.h"

#include <doctest/doctest.h>

#include <string>

#include "common/csv/row_automaton.h"

namespace rowsum {

namespace {

/// A batch of the whole text, which lies at `offset` of the input, after `before` bytes that are no
/// row.
Batch batch_of(std::string_view text, uint64_t rows, uint64_t offset = 0, uint64_t before = 0) {
  return {{offset, offset + before + text.size()}, text.size(), 3, 1000, rows};
}

/// Returns the texts of the pieces. Checks that the pieces tile the batch, and that the numbers of
/// their rows follow one another.
std::vector<std::string> pieces(const Batch& batch, std::string_view text, uint64_t most) {
  std::vector<std::string> texts;
  Batch expected = batch;
  for (const Batch& piece : cut_batch(batch, text, Dialect{','}, most)) {
    CHECK(piece.range.begin == expected.range.begin);
    CHECK(piece.first_row == expected.first_row);
    CHECK(piece.input == batch.input);
    CHECK(piece.rows > 0);
    expected.range.begin = piece.range.end;
    expected.first_row += piece.rows;
    texts.emplace_back(text.substr(piece.text_begin() - batch.text_begin(), piece.text));
  }
  CHECK(expected.range.begin == batch.range.end);
  CHECK(expected.first_row == batch.first_row + batch.rows);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("cut_batch: rows are shared out evenly") {
  const std::string text = "1\n2\n3\n4\n5\n";
  CHECK(pieces(batch_of(text, 5), text, 64) == Texts{"1\n", "2\n", "3\n", "4\n", "5\n"});
  CHECK(pieces(batch_of(text, 5), text, 5) == Texts{"1\n", "2\n", "3\n", "4\n", "5\n"});
  CHECK(pieces(batch_of(text, 5), text, 2) == Texts{"1\n2\n3\n", "4\n5\n"});
  CHECK(pieces(batch_of(text, 5), text, 1) == Texts{text});
}

TEST_CASE("cut_batch: every kind of row end, and none") {
  const std::string text = "1\r\n2\r3\n\n\r4";
  CHECK(pieces(batch_of(text, 6), text, 64) == Texts{"1\r\n", "2\r", "3\n", "\n", "\r", "4"});
  CHECK(pieces(batch_of("1\r2\r", 2), "1\r2\r", 64) == Texts{"1\r", "2\r"});
}

TEST_CASE("cut_batch: a row end in quotes is none") {
  const std::string text = "\"1\n\"\n2,\"\r\n\",3\n";
  CHECK(pieces(batch_of(text, 2), text, 64) == Texts{"\"1\n\"\n", "2,\"\r\n\",3\n"});
}

TEST_CASE("cut_batch: what comes before the rows belongs to the first piece") {
  const std::string text = "1\n2\n";
  const Batch batch = batch_of(text, 2, 100, 7);
  CHECK(pieces(batch, text, 64) == Texts{"1\n", "2\n"});
  CHECK(cut_batch(batch, text, Dialect{','}, 64)[0].range == Range{100, 109});
}

TEST_CASE("split_batch: whole rows of so many bytes at least, and the rest") {
  const std::string text = "1\n22\n\"\n\"\n4";
  const Batch batch = batch_of(text, 4, 100, 7);
  const std::vector<uint64_t> ends{2, 5, 9};
  for (uint64_t bytes = 1; bytes < 2 * text.size(); ++bytes) {
    CAPTURE(bytes);
    const std::vector<Batch> parts = split_batch(batch, text, Dialect{','}, bytes);
    size_t rows = 1;
    while (rows <= ends.size() && ends[rows - 1] < bytes) ++rows;
    if (rows == 4) {
      CHECK(parts == std::vector<Batch>{batch});
      continue;
    }
    const uint64_t end = ends[rows - 1];
    const Batch first{{100, 107 + end}, end, 3, 1000, rows};
    const Batch rest{{107 + end, batch.range.end}, text.size() - end, 3, 1000 + rows, 4 - rows};
    CHECK(parts == std::vector<Batch>{first, rest});
  }
}

TEST_CASE("cut_batch: never more pieces than asked for") {
  std::string text;
  for (uint64_t rows = 1; rows <= 300; ++rows) {
    text += "7,7\n";
    CHECK(pieces(batch_of(text, rows), text, 64).size() <= 64);
  }
}

}  // namespace rowsum
