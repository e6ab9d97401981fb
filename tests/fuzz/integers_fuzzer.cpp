// SPDX-License-Identifier: MIT
// The summing of rows: compares the vector kernels of every level and the scalar code with
// arbitrary precision, for any fields. The first byte of an input is the delimiter. The second one
// chooses where the batch lies, by its bit 40 that an empty field counts as 0 and, from 80 on, that
// the text after it is expanded (fuzz.h).
#include <boost/multiprecision/gmp.hpp>

#include "common/csv/row_automaton.h"
#include "p2_sum/batch_summer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/exact_text.h"

namespace rowsum {

namespace {

using boost::multiprecision::mpz_int;

struct Answer {
  std::string lines;
  std::vector<Reject> rejects;
  uint64_t rows = 0;
  bool operator==(const Answer&) const = default;
};

std::string describe(const Answer& answer) {
  std::string text = std::to_string(answer.rows) + " rows: " + printable(answer.lines, 1000);
  for (const Reject& reject : answer.rejects) {
    text += "\n    reject: row " + std::to_string(reject.row) + ", field " +
            std::to_string(reject.field) + " at " + std::to_string(reject.offset) + " after " +
            std::to_string(reject.lines_before) + ": " + reject.reason + ", in " +
            printable(reject.bytes, 200);
  }
  return text;
}

/// The same from the rules: the automaton says where fields end, and GMP adds them up.
class PlainSummer {
 public:
  PlainSummer(const Batch& batch, std::string_view text, char delimiter, bool empty_is_zero)
      : batch_(batch), text_(text), empty_is_zero_(empty_is_zero), automaton_({delimiter}) {}

  Answer sum() {
    for (size_t i = 0; i < text_.size(); ++i) {
      const bool is_blank = automaton_.is_at_row_start();
      const RowAutomaton::Meaning meaning = automaton_.step(text_[i]);
      if (meaning == RowAutomaton::Meaning::content) value_ += text_[i];
      if (meaning == RowAutomaton::Meaning::field_end) end_field(i + 1);
      if (meaning != RowAutomaton::Meaning::row_end) continue;
      if (text_.substr(i).starts_with("\r\n")) automaton_.step(text_[++i]);
      if (!is_blank) end_field(i + 1);
      end_row(i + 1);
    }
    if (!automaton_.is_at_row_start()) {
      end_field(text_.size());
      end_row(text_.size());
    }
    return answer_;
  }

 private:
  void end_field(size_t next) {
    ++fields_;
    if (!add(value_) && reject_.field == 0) {
      reject_.field = fields_;
      reject_.offset = batch_.text_begin() + field_;
      reject_.reason = "'" + printable(value_) + "' is not an integer";
    }
    value_.clear();
    field_ = next;
  }

  bool add(std::string_view field) {
    constexpr std::string_view padding = " \t\n\v\f\r", digits = "0123456789";
    field.remove_prefix(std::min(field.find_first_not_of(padding), field.size()));
    field = field.substr(0, field.find_last_not_of(padding) + 1);
    if (field.empty()) return empty_is_zero_;
    const bool is_negative = field.starts_with('-');
    if (is_negative || field.starts_with('+')) field.remove_prefix(1);
    if (field.empty() || field.find_first_not_of(digits) != field.npos) return false;
    field.remove_prefix(
        std::min(field.find_first_not_of('0'), field.size()));  // a leading 0 would mean octal
    if (field.empty()) return true;
    const mpz_int value{std::string(field)};
    sum_ += is_negative ? mpz_int(-value) : value;
    return true;
  }

  void end_row(size_t next) {
    if (reject_.field == 0) {
      const uint64_t first_row = batch_.first_row == unknown_row ? 0 : batch_.first_row;
      answer_.lines += std::to_string(first_row + answer_.rows) + "," + sum_.str() + "\n";
    } else {
      reject_.row = answer_.rows;
      reject_.lines_before = answer_.lines.size();
      reject_.bytes = text_.substr(row_, next - row_);
      answer_.rejects.push_back(reject_);
    }
    ++answer_.rows;
    reject_ = {};
    sum_ = 0;
    fields_ = 0;
    row_ = field_ = next;
  }

  Batch batch_;
  std::string_view text_;
  bool empty_is_zero_;
  RowAutomaton automaton_;
  Answer answer_;
  Reject reject_;  // of the current row; its field is 0 while there is none
  mpz_int sum_;
  std::string value_;    // of the current field
  uint64_t fields_ = 0;  // of the current row that have ended
  size_t field_ = 0;     // where the current one begins
  size_t row_ = 0;
};

Answer answer_of(BatchSummer& summer, const Batch& batch, std::string_view text) {
  const uint64_t rows = summer.answer(batch, text);
  return {std::string(summer.lines()), summer.rejects(), rows};
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  constexpr uint64_t first_rows[] = {0, 8, 98, 99'999'990, 999'999'999'995, unknown_row};
  Choices choices(data, size);
  const Dialect dialect{static_cast<char>(choices.byte())};
  if (!dialect.is_possible()) return -1;
  const unsigned choice = choices.byte();
  const bool empty_is_zero = choice & 0x40;
  const bool is_long = choice >= 0x80;
  const ExactText exact(text_of(choices, is_long));
  const std::string_view text = exact.text();
  Batch batch;
  batch.first_row = first_rows[choice % std::size(first_rows)];
  batch.range.begin = choice * 1000;
  batch.range.end = batch.range.begin + choice % 7 + text.size();
  batch.text = text.size();

  const Answer expected = PlainSummer(batch, text, dialect.delimiter, empty_is_zero).sum();
  on_every_level([&] {
    BatchSummer summer(dialect, empty_is_zero);
    require_same(answer_of(summer, batch, text), expected, "the sums");
    if (is_long) return;
    // One batch must not change the result of the next.
    require_same(answer_of(summer, batch, text), expected, "the sums of a second batch");
  });
  return 0;
}
