// SPDX-License-Identifier: MIT
#include "common/worker/row_answerer.h"

#include <doctest/doctest.h>

#include <memory>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/base/report.h"
#include "common/csv/row_automaton.h"
#include "tests/support/streams.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

using namespace std::string_literals;

struct Answer {
  uint64_t rows = 0;
  std::string lines;
  std::vector<Reject> rejects;

  bool operator==(const Answer&) const = default;
};

/// The batch begins at this offset of the input, and has this first row.
Answer answer_of(Answerer& answerer, const std::string& text, uint64_t at = 0,
                 uint64_t first_row = 0) {
  Batch batch = batch_of({at, at + text.size()});
  batch.first_row = first_row;
  Answer answer;
  answer.rows = answerer.answer(batch, text);
  answer.lines = answerer.lines();
  answer.rejects = answerer.rejects();
  return answer;
}

/// Shows each field in brackets.
void show_integers(Integers row, std::string& line) {
  for (const int64_t field : row) line += "[" + std::to_string(field) + "]";
}
void show_fields(Fields row, std::string& line) {
  for (const std::string_view field : row) line += "[" + printable(field) + "]";
}

Hello hello_with(char delimiter, bool empty_is_zero = false) {
  Hello hello = hello_of(Content::results);
  hello.dialect = {delimiter};
  hello.fields.empty_is_zero = empty_is_zero;
  return hello;
}

template <typename WriteLine>
std::unique_ptr<Answerer> answerer_for(WriteLine write_line, Hello hello = hello_with(',')) {
  return make_row_answerer(write_line, hello);
}

Answer integers_in(const std::string& text, Hello hello = hello_with(',')) {
  return answer_of(*answerer_for(WriteLineOfIntegers(show_integers), std::move(hello)), text);
}

Answer fields_in(const std::string& text, Hello hello = hello_with(',')) {
  return answer_of(*answerer_for(WriteLineOfFields(show_fields), std::move(hello)), text);
}

/// The fields of all rows by the plain form of the rules.
std::vector<std::vector<std::string>> fields_by_automaton(const std::string& text, char delimiter) {
  RowAutomaton automaton({delimiter});
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  const auto end_field = [&] { row.push_back(std::exchange(field, "")); };
  const auto end_row = [&] { rows.push_back(std::exchange(row, {})); };
  for (const char byte : text) {
    const bool was_at_row_start = automaton.is_at_row_start();
    switch (automaton.step(byte)) {
      case RowAutomaton::Meaning::syntax:
        break;
      case RowAutomaton::Meaning::content:
        field += byte;
        break;
      case RowAutomaton::Meaning::field_end:
        end_field();
        break;
      case RowAutomaton::Meaning::row_end:
        if (!was_at_row_start) end_field();
        end_row();
        break;
    }
  }
  if (!automaton.is_at_row_start()) {
    end_field();
    end_row();
  }
  return rows;
}

/// The value of a field without quotes, if it is an integer by the rules of p2_sum(1).
std::optional<int64_t> integer_of(const std::string& field) {
  constexpr const char* padding = " \t\n\v\f\r";
  const size_t begin = field.find_first_not_of(padding);
  if (begin == field.npos) return std::nullopt;
  const std::string body = field.substr(begin, field.find_last_not_of(padding) + 1 - begin);
  const size_t sign = body[0] == '-' || body[0] == '+' ? 1 : 0;
  if (body.size() == sign || body.find_first_not_of("0123456789", sign) != body.npos) {
    return std::nullopt;
  }
  return std::stoll(body);
}

/// The lines of show_integers() for the rows in which all fields are integers.
std::string shown_integers(const std::vector<std::vector<std::string>>& rows) {
  std::string lines;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string line = std::to_string(i) + ",";
    bool is_good = true;
    for (const std::string& field : rows[i]) {
      const std::optional<int64_t> value = integer_of(field);
      is_good = is_good && value;
      if (value) line += "[" + std::to_string(*value) + "]";
    }
    if (is_good) lines += line + "\n";
  }
  return lines;
}

std::string shown(const std::vector<std::vector<std::string>>& rows) {
  std::string lines;
  for (size_t i = 0; i < rows.size(); ++i) {
    lines += std::to_string(i) + ",";
    for (const std::string& field : rows[i]) lines += "[" + printable(field) + "]";
    lines += "\n";
  }
  return lines;
}

/// What becomes of one row if the function throws that.
template <typename Thrown>
Answer rejected(const Thrown& thrown, const std::string& row) {
  return answer_of(*answerer_for(WriteLineOfFields([&](Fields, std::string&) { throw thrown; })),
                   row, 100);
}

/// The Failure for the last row of a batch.
Thrown failure_of(const WriteLineOfFields& write_line, uint64_t first_row) {
  const auto answerer = answerer_for(WriteLineOfFields([&](Fields row, std::string& line) {
    if (row[0] == "x") write_line(row, line);
  }));
  return thrown_by([&] { answer_of(*answerer, "1\n2\nx\n", 100, first_row); });
}

}  // namespace

TEST_CASE("row_answerer: a line for each row") {
  const auto answerer = answerer_for(WriteLineOfIntegers(show_integers));
  CHECK(answer_of(*answerer, "1,-2\n30\r\n4,5,6") ==
        Answer{3, "0,[1][-2]\n1,[30]\n2,[4][5][6]\n", {}});
  // Nothing is left of the batch before.
  CHECK(answer_of(*answerer, "7\n", 15, 3) == Answer{1, "3,[7]\n", {}});
  CHECK(answer_of(*answerer, "8\r9\r", 17, unknown_row) == Answer{2, "0,[8]\n1,[9]\n", {}});
  CHECK(answer_of(*answerer, "", 21, 6) == Answer{});
}

TEST_CASE("row_answerer: the hello says what the lines are") {
  Hello hello = hello_of(Content::results);
  make_row_answerer(WriteLineOfFields(show_fields), hello);
  CHECK(hello.lines == LineKind::text);
  CHECK(hello.command == program_name());
}

TEST_CASE("row_answerer: what is an integer") {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},
      {"-0", 0},
      {"007", 7},
      {"+7", 7},
      {" -7\t", -7},
      {"\"7\"", 7},
      {"\" +7\n\"", 7},
      {"\"1\"2", 12},
      {"999999999999999999", 999999999999999999},
      {"-999999999999999999", -999999999999999999},
      {"1000000000000000000", 1000000000000000000},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"0000000000000000000000000009223372036854775807", INT64_MAX},
      {"-0000000000000000000000000000000000000000000001", -1},
  };
  for (const auto& [text, value] : cases) {
    const std::string field = text;
    CAPTURE(field);
    const std::string number = "[" + std::to_string(value) + "]";
    CHECK(integers_in(field).lines == "0," + number + "\n");
    CHECK(integers_in("1," + field + ",2\r\n3").lines == "0,[1]" + number + "[2]\n1,[3]\n");
  }
}

TEST_CASE("row_answerer: what is none") {
  const std::pair<const char*, const char*> cases[] = {
      {"x", "'x' is not an integer"},
      {"-", "'-' is not an integer"},
      {"1.0", "'1.0' is not an integer"},
      {"1 2", "'1 2' is not an integer"},
      {"\"\"", "'' is not an integer"},
      {" ", "' ' is not an integer"},
      {"123456789012345678x", "'123456789012345678x' is not an integer"},
      {"\"a\n\"\"b\"", "'a\\n\"b' is not an integer"},
      {"9223372036854775808", "'9223372036854775808' does not fit 64 bits"},
      {"-9223372036854775809", "'-9223372036854775809' does not fit 64 bits"},
      {"18446744073709551616", "'18446744073709551616' does not fit 64 bits"},
      {"\" +99999999999999999999\"", "' +99999999999999999999' does not fit 64 bits"},
  };
  for (const auto& [text, reason] : cases) {
    const std::string field = text;
    CAPTURE(field);
    const std::string row = "1," + field + ",y\r\n";
    CHECK(integers_in("4\n" + row + "5") ==
          Answer{3, "0,[4]\n2,[5]\n", {{1, 2, 4, 6, reason, row}}});
  }
}

TEST_CASE("row_answerer: empty fields and blank lines") {
  const std::string text = "1,\n\n,\"\"\r\n\" \"";
  CHECK(integers_in(text, hello_with(',', true)) ==
        Answer{4, "0,[1][0]\n1,\n2,[0][0]\n3,[0]\n", {}});
  const Answer strict = integers_in(text);
  CHECK(strict.lines == "1,\n");
  REQUIRE(strict.rejects.size() == 3);
  CHECK(strict.rejects[0] == Reject{0, 2, 2, 0, "'' is not an integer", "1,\n"});
  CHECK(strict.rejects[1] == Reject{2, 1, 4, 3, "'' is not an integer", ",\"\"\r\n"});
  CHECK(fields_in(text).lines == "0,[1][]\n1,\n2,[][]\n3,[ ]\n");
  CHECK(integers_in("x", hello_with(',', true)).rejects.size() == 1);
}

TEST_CASE("row_answerer: a delimiter that could be a part of an integer") {
  CHECK(integers_in("1-2\n\"-3\"-4", hello_with('-')).lines == "0,[1][2]\n1,[-3][4]\n");
  CHECK(integers_in("10203\n", hello_with('0')).lines == "0,[1][2][3]\n");
  CHECK(integers_in("1 2", hello_with(' ')).lines == "0,[1][2]\n");
}

TEST_CASE("row_answerer: fields are those of the plain rules") {
  std::mt19937 random(7);
  const std::string delimiters = ",,; -1\t";
  const std::string alphabet = "01-\"\"\n\r ";
  for (int i = 0; i < 20'000; ++i) {
    const char delimiter = delimiters[random() % delimiters.size()];
    std::string text;
    for (size_t size = random() % 20; size > 0; --size) {
      const size_t which = random() % (alphabet.size() + 2);
      text += which < alphabet.size() ? alphabet[which] : delimiter;
    }
    CAPTURE(printable(text));
    CAPTURE(delimiter);
    const auto rows = fields_by_automaton(text, delimiter);
    const Answer as_text = fields_in(text, hello_with(delimiter));
    REQUIRE(as_text.lines == shown(rows));
    REQUIRE(as_text.rows == rows.size());
    const Answer as_integers = integers_in(text, hello_with(delimiter));
    REQUIRE(as_integers.lines == shown_integers(rows));
    REQUIRE(as_integers.rows == rows.size());
  }
}

TEST_CASE("row_answerer: fields with quotes stay valid while others are read") {
  std::string text, line = "0,";
  for (int i = 0; i < 1000; ++i) {
    text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
    line += "[" + std::to_string(i) + "]";
  }
  CHECK(fields_in(text).lines == line + "\n");
}

TEST_CASE("row_answerer: a row that the function rejects") {
  CHECK(rejected(Rejected("too few"), "\n") == Answer{1, "", {{0, 0, 100, 0, "too few", "\n"}}});
  CHECK(rejected(Rejected("bad", 3), "a,\"b\n,\",c\r\n") ==
        Answer{1, "", {{0, 3, 108, 0, "bad", "a,\"b\n,\",c\r\n"}}});
  CHECK(rejected(Rejected("a\nb"), "x").rejects.at(0).reason == "a\\nb");
  const auto reason_of = [](size_t size) {
    return rejected(Rejected(std::string(size, 'r')), "x").rejects.at(0).reason;
  };
  CHECK(reason_of(300) == std::string(300, 'r'));
  CHECK(reason_of(301) == std::string(297, 'r') + "...");
}

TEST_CASE("row_answerer: what the function had written of a rejected row is dropped") {
  const auto answerer = answerer_for(WriteLineOfIntegers([](Integers row, std::string& line) {
    show_integers(row, line);
    if (row[0] == 2) throw Rejected("two");
  }));
  CHECK(answer_of(*answerer, "1\n2\n3\n", 20, 5) ==
        Answer{3, "5,[1]\n7,[3]\n", {{1, 0, 22, 6, "two", "2\n"}}});
}

TEST_CASE("row_answerer: a function that does what it must not do") {
  const auto exception = [](Fields, std::string&) { throw std::out_of_range("at: 7"); };
  CHECK(failure_of(exception, 5) ==
        Thrown{ExitStatus::internal, "in.csv: row 7: an exception: at: 7"});
  CHECK(failure_of(exception, unknown_row) ==
        Thrown{ExitStatus::internal, "in.csv: row 2 of bytes 100 to 106: an exception: at: 7"});
  CHECK(failure_of([](Fields, std::string&) { throw 7; }, 0) ==
        Thrown{ExitStatus::internal, "in.csv: row 2: an exception that is no std::exception"});
  CHECK(failure_of([](Fields, std::string& line) { line = "a\nb"; }, 0) ==
        Thrown{ExitStatus::internal, "in.csv: row 2: a line feed in its line"});
  CHECK(failure_of([](Fields, std::string&) { throw Rejected("", 2); }, 0) ==
        Thrown{ExitStatus::internal,
               "in.csv: row 2: is rejected because of field 2, which it does not have"});
  CHECK(failure_of([](Fields, std::string& line) { line.resize(largest_answer); }, 0) ==
        Thrown{ExitStatus::internal,
               "in.csv: row 2: with it the lines of a batch have more than 256 MiB"});
}

TEST_CASE("row_answerer: a lack of memory is no bug") {
  CHECK_THROWS_AS(failure_of([](Fields, std::string&) { throw std::bad_alloc(); }, 0),
                  std::bad_alloc);
}

}  // namespace rowsum
