// SPDX-License-Identifier: MIT
// The batcher: for any inputs that arrive in any pieces, the batches tile the inputs, and their
// texts are the rows that the automaton alone finds, up to the row that is refused. The first bytes
// of an input are the options: delimiter, header (odd; from 80 on the texts are expanded, see
// fuzz.h), batch size, longest row. Then come the texts of the files, with FS (1c) between them.
#include <algorithm>
#include <optional>
#include <vector>

#include "common/base/failure.h"
#include "p1_read/batcher.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

struct Row {
  uint64_t begin;
  uint64_t end;  // after its row end
};

/// What p1_read should find.
struct Expected {
  std::vector<Row> rows;
  std::string failure;
  uint64_t total = 0;  // if nothing failed
};

std::string name_of(size_t input) {
  return std::to_string(input) + ".csv";
}

/// Adds the rows of one more file to `expected`, which has not failed.
void add_plain_rows(std::string_view text, uint32_t input, const BatcherOptions& options,
                    Expected& expected) {
  const uint64_t origin = expected.total;
  const size_t rows_before = expected.rows.size();
  size_t row = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  size_t number = 0;  // of the row within this file, including its header
  const auto end_row = [&](size_t end) {
    const bool is_header = options.header != HeaderRow::none && number == 0;
    if (!is_header) expected.rows.push_back({origin + row, origin + end});
    ++number;
    row = end;
  };
  const auto refuse = [&](const std::string& why) {
    const size_t rows = expected.rows.size();
    expected.failure = name_of(input) + ": row " + std::to_string(rows) + " (";
    if (rows_before > 0) {
      expected.failure += "row " + std::to_string(rows - rows_before) + " of the file, ";
    }
    expected.failure += "byte " + std::to_string(row) + "): " + why;
  };
  const std::string too_long =
      "longer than " + std::to_string(options.max_row) + " bytes (--max-row)";
  RowAutomaton automaton(options.dialect);
  for (size_t i = row; i < text.size(); ++i) {
    if (automaton.step(text[i]) == RowAutomaton::Meaning::row_end) {
      if (text.substr(i).starts_with("\r\n")) automaton.step(text[++i]);
      end_row(i + 1);
    } else if (i + 1 - row > options.max_row) {
      return refuse(too_long);
    }
  }
  if (automaton.is_quoted()) return refuse("a quoted field is never closed");
  if (!automaton.is_at_row_start()) end_row(text.size());
  expected.total += text.size();
}

struct Feeding {
  Pieces pieces;
  bool is_live;  // takes all whole rows after each piece
  bool as_outlines = false;
};

/// Does what p1_read does, and checks every batch.
class Run {
 public:
  Run(const std::vector<std::string_view>& texts, const BatcherOptions& options,
      const Expected& expected)
      : texts_(texts), options_(options), expected_(expected), batcher_(options, 0) {}

  void check(Feeding feeding) {
    std::string failure;
    try {
      for (uint32_t i = 0; i < texts_.size(); ++i) read(i, feeding);
    } catch (const Failure& thrown) {
      require(thrown.status() == ExitStatus::bad_data, "the status is that of bad data");
      failure = thrown.what();
    }
    if (failure != expected_.failure) {
      fail("the failure is '" + failure + "' and not '" + expected_.failure + "'");
    }
    require(rows_ == expected_.rows.size(), "the rows are all there");
    require(batcher_.rows() == rows_, "rows() counts them");
    require(batcher_.taken() == position_, "taken() is where the last batch ends");
    if (failure.empty()) require(position_ == expected_.total, "the tiles reach the end");
  }

 private:
  void read(uint32_t input, Feeding& feeding) {
    input_ = input;
    batcher_.begin_input(input, name_of(input));
    std::string_view left = texts_[input];
    for (bool is_over = false; !is_over;) {
      require(batcher_.wanted() > 0, "something is wanted");
      const bool as_outline = feeding.as_outlines && !batcher_.needs_bytes();
      const uint64_t chunk = std::max<uint64_t>(std::min(options_.batch_size, options_.max_row), 1);
      const size_t wanted = std::min(left.size(), as_outline ? chunk : batcher_.wanted());
      const size_t piece = std::min(wanted, feeding.pieces.next());
      is_over = piece == 0;
      if (is_over) {
        batcher_.end_input();
      } else {
        const std::string_view bytes = left.substr(0, piece);
        as_outline ? batcher_.feed(Outline::of(bytes, options_.dialect)) : batcher_.feed(bytes);
        left.remove_prefix(piece);
      }
      check_batch(batcher_.take_full());
      batcher_.check();
      if (feeding.is_live && !is_over) check_batch(batcher_.take_any());
    }
  }

  void check_batch(const std::optional<Batch>& batch) {
    if (!batch) return;
    require(batch->range.begin == position_, "a batch begins where the last one ended");
    require(batch->range.end > position_, "a batch is not empty");
    require(batch->input == input_, "a batch is of the input that is being read");
    require(batch->first_row == rows_, "row numbers go on");
    require(batch->text <= batch->range.size() && batch->text <= options_.largest_text(),
            "the text is no longer than may be");
    require(rows_ + batch->rows <= expected_.rows.size(), "no more rows than there are");
    if (batch->rows > 0) {
      require(batch->text_begin() == expected_.rows[rows_].begin, "the text begins with a row");
      require(batch->range.end == expected_.rows[rows_ + batch->rows - 1].end,
              "the text ends with a row");
    } else {
      require(batch->text == 0, "without rows there is no text");
    }
    position_ = batch->range.end;
    rows_ += batch->rows;
  }

  const std::vector<std::string_view>& texts_;
  const BatcherOptions& options_;
  const Expected& expected_;
  Batcher batcher_;
  uint32_t input_ = 0;
  uint64_t position_ = 0;
  uint64_t rows_ = 0;
};

std::vector<std::string_view> split(std::string_view all) {
  constexpr char file_separator = 0x1c;
  std::vector<std::string_view> texts;
  while (true) {
    const size_t end = std::min(all.find(file_separator), all.size());
    texts.push_back(all.substr(0, end));
    if (end == all.size()) return texts;
    all.remove_prefix(end + 1);
  }
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Choices choices(data, size);
  BatcherOptions options;
  options.dialect.delimiter = static_cast<char>(choices.byte());
  if (!options.dialect.is_possible()) return -1;
  const unsigned choice = choices.byte();
  options.header = choice % 2 ? HeaderRow::skip : HeaderRow::none;
  const bool is_long = choice >= 0x80;
  // Up to about 16 KiB. Small values are more likely.
  const auto bytes = [&] {
    const uint64_t byte = choices.byte();
    return (is_long ? 256 : 1) + (byte < 128 ? byte : byte * byte / 4);
  };
  options.batch_size = bytes();
  options.max_row = bytes();
  const std::string all = text_of(choices, is_long);
  const std::vector<std::string_view> texts = split(all);
  Expected expected;
  for (uint32_t i = 0; i < texts.size() && expected.failure.empty(); ++i) {
    add_plain_rows(texts[i], i, options, expected);
  }

  const auto check = [&](Pieces pieces, bool is_live) {
    for (const bool as_outlines : {false, true}) {
      Run(texts, options, expected).check({pieces, is_live, as_outlines});
    }
  };
  if (!is_long) {
    check(Pieces(1), false);
    check(Pieces(1), true);
  }
  on_every_level([&] {
    check(Pieces(SIZE_MAX), false);
    check(Pieces(SIZE_MAX), true);
    check(Pieces(100, 1), false);
    check(Pieces(100, 2), true);
  });
  return 0;
}
