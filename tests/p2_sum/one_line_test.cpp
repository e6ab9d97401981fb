// SPDX-License-Identifier: MIT
#include "p2_sum/one_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/report.h"
#include "common/csv/row_automaton.h"
#include "tests/support/exact_text.h"

namespace rowsum {

namespace {

using namespace std::string_literals;

struct Field {
  std::string bytes;  // as they stand
  std::string value;  // without quotes
};
using Row = std::vector<Field>;  // of no fields: a blank line

/// What the automaton reads.
std::vector<Row> rows_in(std::string_view text, char delimiter) {
  std::vector<Row> rows;
  RowAutomaton automaton({delimiter});
  Row row;
  Field field;
  const auto end_field = [&] {
    row.push_back(field);
    field = {};
  };
  const auto end_row = [&](bool is_blank) {
    if (!is_blank) end_field();
    rows.push_back(row);
    row.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_blank = automaton.is_at_row_start();
    switch (automaton.step(text[i])) {
      case RowAutomaton::Meaning::content:
        field.value += text[i];
        [[fallthrough]];
      case RowAutomaton::Meaning::syntax:
        field.bytes += text[i];
        break;
      case RowAutomaton::Meaning::field_end:
        end_field();
        break;
      case RowAutomaton::Meaning::row_end:
        if (text.substr(i, 2) == "\r\n") automaton.step(text[++i]);
        end_row(is_blank);
    }
  }
  if (!automaton.is_at_row_start()) end_row(false);
  return rows;
}

/// A field that stands in quotes, without row ends in it.
std::string without_row_ends(std::string value) {
  for (const std::string row_end : {"\r\n", "\r", "\n"}) {
    for (size_t at; (at = value.find(row_end)) != value.npos;) {
      value.replace(at, row_end.size(), " ");
    }
  }
  return value;
}

/// The same by the rules, step by step.
std::string expected_of(std::string_view text, char delimiter) {
  std::string lines;
  for (const Row& row : rows_in(text, delimiter)) {
    for (const Field& field : row) {
      if (&field != &row.front()) lines += delimiter;
      if (field.bytes.empty() || field.bytes.front() != quote) {
        lines += field.bytes;
        continue;
      }
      const std::string value = without_row_ends(field.value);
      const bool keeps_quotes = value.find(quote) != value.npos ||
                                value.find(delimiter) != value.npos ||
                                (value.empty() && row.size() == 1);
      if (keeps_quotes) lines += quote;
      for (const char byte : value) lines += byte == quote ? "\"\"" : std::string(1, byte);
      if (keeps_quotes) lines += quote;
    }
    lines += '\n';
  }
  return lines;
}

std::string written(std::string_view text, char delimiter = ',') {
  const ExactText exact(text);
  OneLine one_line({delimiter});
  return std::string(one_line.write(exact.text()));
}

/// Returns false if a quoted field is open at the end, because no batch ends so.
bool is_whole(std::string_view text, char delimiter) {
  RowAutomaton automaton({delimiter});
  for (const char byte : text) automaton.step(byte);
  return !automaton.is_quoted();
}

void check(std::string_view text, char delimiter) {
  CAPTURE(printable(text, 500));
  CAPTURE(static_cast<int>(delimiter));
  const std::string lines = written(text, delimiter);
  REQUIRE(lines == expected_of(text, delimiter));
  // Each row is one line, and has the same fields.
  const std::vector<Row> before = rows_in(text, delimiter), after = rows_in(lines, delimiter);
  REQUIRE(before.size() == after.size());
  REQUIRE(before.size() == static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')));
  for (size_t i = 0; i < before.size(); ++i) {
    REQUIRE(before[i].size() == after[i].size());
    for (size_t k = 0; k < before[i].size(); ++k) {
      REQUIRE(without_row_ends(before[i][k].value) == after[i][k].value);
    }
  }
}

}  // namespace

TEST_CASE("one_line: what is in one line and has no quotes stays as it is") {
  for (const std::string& text : {"1,2\n3,4\n"s, "\n\n"s, " a ,'b'\n,\n"s, "a\0\xff\n"s}) {
    const ExactText exact(text);
    OneLine one_line({','});
    CHECK(one_line.write(exact.text()).data() == exact.text().data());
    CHECK(one_line.write(exact.text()) == text);
  }
  CHECK(written("") == "");
}

TEST_CASE("one_line: every row ends with LF") {
  CHECK(written("1") == "1\n");
  CHECK(written("1\r2\r\n3\n4") == "1\n2\n3\n4\n");
  CHECK(written("\r\r\n\n") == "\n\n\n");
}

TEST_CASE("one_line: fields in quotes") {
  CHECK(written("\"1\",\"a b\"\n") == "1,a b\n");
  CHECK(written("\"a\nb\",\"a\r\nb\",\"a\rb\",\"\n\r\"\n") == "a b,a b,a b,  \n");
  CHECK(written("\"a,b\",\"a\"\"b\",\"a\"b\"\n") == "\"a,b\",\"a\"\"b\",\"ab\"\"\"\n");
  CHECK(written("\"\",\"\"\n\"\"\n\"\"") == ",\n\"\"\n\"\"\n");
  CHECK(written("a\"b,c\"\n") == "a\"b,c\"\n");
  CHECK(written("\"a\nb\"\n", ' ') == "\"a b\"\n");
}

TEST_CASE("one_line: one text after another") {
  OneLine one_line({','});
  CHECK(one_line.write("\"a\"\n") == "a\n");
  CHECK(one_line.write("b\r") == "b\n");
  CHECK(one_line.write("c\n") == "c\n");
  CHECK(one_line.write("\"\"") == "\"\"\n");
}

TEST_CASE("one_line: every short text") {
  constexpr std::string_view alphabet = "a ,\"\n\r";
  for (const char delimiter : {',', ' '}) {
    for (size_t length = 1; length <= 6; ++length) {
      size_t texts = 1;
      for (size_t i = 0; i < length; ++i) texts *= alphabet.size();
      for (size_t number = 0; number < texts; ++number) {
        std::string text;
        for (size_t i = 0, rest = number; i < length; ++i, rest /= alphabet.size()) {
          text += alphabet[rest % alphabet.size()];
        }
        if (is_whole(text, delimiter)) check(text, delimiter);
      }
    }
  }
}

TEST_CASE("one_line: random texts") {
  std::mt19937 random(6);
  for (int i = 0; i < 3000; ++i) {
    const char delimiter = ",;\t \xff"[random() % 5];
    std::string alphabet = i % 2 ? "ab 1\"\n\r\xff" : "abcdefghijklmnopq\"\"\n";
    alphabet += delimiter;
    std::string text;
    for (size_t left = random() % 200; left > 0; --left)
      text += alphabet[random() % alphabet.size()];
    if (!is_whole(text, delimiter)) text += quote;
    check(text, delimiter);
  }
}

}  // namespace rowsum
