// SPDX-License-Identifier: MIT
// The row cutter: fed as a whole, byte by byte, in pieces and row by row, on every level of vector
// instructions, it is compared with the automaton alone. The first byte of an input is the
// delimiter. The second one chooses the pieces and, from 80 on, that the text after it is expanded
// (fuzz.h).
#include <algorithm>
#include <vector>

#include "p1_read/row_cutter.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

constexpr uint64_t origin = 1000;

/// Everything that a cutter says.
struct Answer {
  uint64_t scanned = 0;
  uint64_t row_end = 0;
  uint64_t open_bytes = 0;
  uint64_t rows = 0;
  bool operator==(const Answer&) const = default;
};

std::string describe(const Answer& answer) {
  return "scanned " + std::to_string(answer.scanned) + ", row end " +
         std::to_string(answer.row_end) + ", open " + std::to_string(answer.open_bytes) +
         ", rows " + std::to_string(answer.rows);
}

/// The rows of a text according to the automaton, which passes over the text once and may look
/// ahead.
class PlainRows {
 public:
  PlainRows(std::string_view text, char delimiter) : text_(text) {
    RowAutomaton automaton({delimiter});
    for (size_t i = 0; i < text.size(); ++i) {
      if (automaton.step(text[i]) != RowAutomaton::Meaning::row_end) continue;
      if (text.substr(i).starts_with("\r\n")) automaton.step(text[++i]);
      ends_.push_back(i + 1);
    }
    is_quoted_ = automaton.is_quoted();
    is_at_row_start_ = automaton.is_at_row_start();
  }

  bool is_quoted() const { return is_quoted_; }

  /// What the cutter must say after the first `fed` bytes. `knows_next`: a CR at their end does not
  /// wait for an LF.
  Answer answer(size_t fed, bool knows_next) const {
    const auto next = std::upper_bound(ends_.begin(), ends_.end(), fed);
    auto rows = static_cast<size_t>(next - ends_.begin());
    const bool ends_row = rows > 0 && ends_[rows - 1] == fed;
    bool is_waiting = ends_row && text_[fed - 1] == '\r' && !knows_next;
    rows -= is_waiting;
    // Between the CR and the LF of a row end.
    is_waiting |= fed > 0 && next != ends_.end() && *next == fed + 1 && text_[fed] == '\n' &&
                  text_[fed - 1] == '\r';
    const size_t row_end = rows > 0 ? ends_[rows - 1] : 0;
    return {fed, row_end, is_waiting ? 0 : fed - row_end, rows};
  }

  /// What the cutter must say after all bytes and the end.
  Answer last_answer() const {
    Answer last = answer(text_.size(), true);
    if (is_at_row_start_ || is_quoted_) return last;
    return {last.scanned, last.scanned, 0, last.rows + 1};
  }

 private:
  std::string_view text_;
  std::vector<size_t> ends_;
  bool is_quoted_ = false;
  bool is_at_row_start_ = false;
};

Answer answer_of(const RowCutter& cutter) {
  return {cutter.scanned() - origin, cutter.row_end() - origin, cutter.open_bytes(), cutter.rows()};
}

void check_end(RowCutter& cutter, const PlainRows& expected, const char* how) {
  require(cutter.finish() == !expected.is_quoted(), "finish() tells an open quote");
  require_same(answer_of(cutter), expected.last_answer(), how);
}

void check_pieces(std::string_view text, char delimiter, const PlainRows& expected, Pieces pieces,
                  const char* how) {
  RowCutter cutter({delimiter}, origin);
  for (size_t fed = 0; fed < text.size();) {
    const std::string_view piece = text.substr(fed, pieces.next());
    cutter.feed(piece);
    fed += piece.size();
    require_same(answer_of(cutter), expected.answer(fed, false), how);
  }
  check_end(cutter, expected, how);
}

/// feed_row() looks at single bytes in the same way on all levels, so only the first rows are fed
/// with it.
void check_row_by_row(std::string_view text, char delimiter, const PlainRows& expected) {
  RowCutter cutter({delimiter}, origin);
  size_t fed = 0;
  for (int row = 0; row < 50 && fed < text.size(); ++row) {
    fed += cutter.feed_row(text.substr(fed));
    // If it stops early, it knows what follows.
    require_same(answer_of(cutter), expected.answer(fed, fed < text.size()), "row by row");
  }
  cutter.feed(text.substr(fed));
  check_end(cutter, expected, "the rest after some rows");
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Choices choices(data, size);
  const Dialect dialect{static_cast<char>(choices.byte())};
  if (!dialect.is_possible()) return -1;
  const unsigned seed = choices.byte();
  const bool is_long = seed >= 0x80;
  const std::string text = text_of(choices, is_long);
  const PlainRows expected(text, dialect.delimiter);

  const auto check = [&](Pieces pieces, const char* how) {
    check_pieces(text, dialect.delimiter, expected, pieces, how);
  };
  if (!is_long) check(Pieces(1), "byte by byte");
  check_row_by_row(text, dialect.delimiter, expected);
  on_every_level([&] {
    check(Pieces(SIZE_MAX), "whole");
    check(Pieces(std::max(1U, seed)), "in equal pieces");
    check(Pieces(150, seed + 1), "in short pieces");
    check(Pieces(9000, seed + 1), "in long pieces");
  });
  return 0;
}
