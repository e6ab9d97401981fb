// SPDX-License-Identifier: MIT
#include "p2_sum/batch_summer.h"

#include <doctest/doctest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
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
using boost::multiprecision::cpp_int;

struct Summed {
  std::string lines;
  std::vector<Reject> rejects;
  uint64_t rows = 0;

  bool operator==(const Summed&) const = default;
};

doctest::String toString(const Summed& summed) {
  std::string shown = std::to_string(summed.rows) + " rows: " + printable(summed.lines, 500);
  for (const Reject& reject : summed.rejects) {
    shown += " [row " + std::to_string(reject.row) + ", field " + std::to_string(reject.field) +
             ", offset " + std::to_string(reject.offset) + ", after " +
             std::to_string(reject.lines_before) + ": " + reject.reason + ", of '" +
             printable(reject.bytes, 100) + "']";
  }
  return shown.c_str();
}

Batch batch_of(std::string_view text, uint64_t offset = 0, uint64_t first_row = 0) {
  Batch batch;
  batch.range = {offset, offset + text.size()};
  batch.text = text.size();
  batch.first_row = first_row;
  return batch;
}

Summed answer_of(BatchSummer& summer, const Batch& batch, std::string_view text) {
  const ExactText exact(text);
  Summed summed;
  summed.rows = summer.answer(batch, exact.text());
  summed.lines = summer.lines();
  summed.rejects = summer.rejects();
  return summed;
}

Summed summed(std::string_view text, char delimiter = ',') {
  BatchSummer summer({delimiter});
  return answer_of(summer, batch_of(text), text);
}

/// The rule as the documentation states it.
std::optional<cpp_int> integer_of(std::string field) {
  const std::string padding = "\t\n\v\f\r ";
  field.erase(0, field.find_first_not_of(padding));
  field.erase(field.find_last_not_of(padding) + 1);
  const bool is_signed = !field.empty() && (field[0] == '+' || field[0] == '-');
  const std::string digits = field.substr(is_signed);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  const size_t first = digits.find_first_not_of('0');  // a leading 0 would mean octal
  const cpp_int value(first == digits.npos ? "0" : digits.substr(first));
  return field[0] == '-' ? cpp_int(-value) : value;
}

/// The same by the automaton, field by field.
Summed expected_of(std::string_view text, char delimiter) {
  Summed expected;
  RowAutomaton automaton({delimiter});
  cpp_int sum;
  Reject reject;
  std::string field;
  size_t row_begin = 0, field_begin = 0, fields = 0;
  const auto end_field = [&](size_t next) {
    ++fields;
    if (const auto value = integer_of(field)) {
      sum += *value;
    } else if (reject.field == 0) {
      const std::string reason = "'" + printable(field) + "' is not an integer";
      reject = {expected.rows, fields, field_begin, expected.lines.size(), reason, ""};
    }
    field.clear();
    field_begin = next;
  };
  const auto end_row = [&](size_t next) {
    if (reject.field == 0) {
      expected.lines += std::to_string(expected.rows) + "," + sum.str() + "\n";
    } else {
      reject.bytes = text.substr(row_begin, next - row_begin);
      expected.rejects.push_back(reject);
    }
    ++expected.rows;
    sum = 0;
    reject = {};
    fields = 0;
    row_begin = field_begin = next;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const bool was_at_row_start = automaton.is_at_row_start();
    switch (automaton.step(text[i])) {
      case RowAutomaton::Meaning::syntax:
        break;
      case RowAutomaton::Meaning::content:
        field += text[i];
        break;
      case RowAutomaton::Meaning::field_end:
        end_field(i + 1);
        break;
      case RowAutomaton::Meaning::row_end:
        if (!was_at_row_start) end_field(i);
        if (text.substr(i, 2) == "\r\n") automaton.step(text[++i]);
        end_row(i + 1);
        break;
    }
  }
  if (!automaton.is_at_row_start()) {
    end_field(text.size());
    end_row(text.size());
  }
  return expected;
}

/// Returns false if a quoted field is open at the end, because no batch ends so.
bool is_whole(std::string_view text, char delimiter) {
  RowAutomaton automaton({delimiter});
  for (const char byte : text) automaton.step(byte);
  return !automaton.is_quoted();
}

void check(std::string_view text, char delimiter = ',') {
  CAPTURE(printable(text, 500));
  CAPTURE(static_cast<int>(delimiter));
  REQUIRE(summed(text, delimiter) == expected_of(text, delimiter));
}

/// Checks a field of this text alone, as the first, the last and a middle field, before every row
/// end, and at every position of a text longer than any vector.
void check_everywhere(const std::string& field, char delimiter = ',') {
  const std::string d(1, delimiter);
  for (const std::string row_end : {"", "\n", "\r", "\r\n"}) {
    for (const std::string& row :
         {field, field + d + "1", "1" + d + field, "1" + d + field + d + "1", d + field}) {
      check(row + row_end, delimiter);
      check("7\n" + row + row_end, delimiter);
      check("7\r\n" + row + row_end, delimiter);
      if (!row_end.empty()) check(row + row_end + "8" + d + "1\n", delimiter);
    }
  }
  std::string before;
  for (int i = 0; i < 70; ++i) {
    check(before + field + d + "1\n12\n", delimiter);
    before += i % 3 == 2 ? d : "1";
    if (before.ends_with(d)) check(before + field + "\r\n", delimiter);
  }
}

struct Case {
  const char* field;
  const char* sum;  // nullptr: the row is a reject
};

}  // namespace

TEST_CASE("batch_summer: no text, no rows") {
  CHECK(summed("") == Summed{});
  BatchSummer summer({});
  CHECK(summer.answer({}, {}) == 0);
}

TEST_CASE("batch_summer: rows, and what ends them") {
  CHECK(summed("1,2\n3,4\n").lines == "0,3\n1,7\n");
  CHECK(summed("1,2\n3,4").lines == "0,3\n1,7\n");
  CHECK(summed("1\r2\r\n3\n4").lines == "0,1\n1,2\n2,3\n3,4\n");
  CHECK(summed("\n\r\r\n1").lines == "0,0\n1,0\n2,0\n3,1\n");
  CHECK(summed("\n\n").rows == 2);
}

TEST_CASE("batch_summer: rows count from the batch's first one") {
  const std::string text = "1\nx\n3\n";
  BatchSummer summer({});
  Summed is = answer_of(summer, batch_of(text, 0, 41), text);
  CHECK(is.lines == "41,1\n43,3\n");
  REQUIRE(is.rejects.size() == 1);
  CHECK(is.rejects[0].row == 1);

  is = answer_of(summer, batch_of(text, 0, unknown_row), text);
  CHECK(is.lines == "0,1\n2,3\n");
  CHECK(is.rows == 3);
}

TEST_CASE("batch_summer: what is an integer") {
  const Case cases[] = {
      {"0", "0"},
      {"7", "7"},
      {"-7", "-7"},
      {"+7", "7"},
      {"-0", "0"},
      {"+0", "0"},
      {"007", "7"},
      {"-007", "-7"},
      {" 7", "7"},
      {"7 ", "7"},
      {"  -7\t", "-7"},
      {"\t\v\f 7\t\v\f ", "7"},
      {"\"7\"", "7"},
      {"\"-7\"", "-7"},
      {"\" 7 \"", "7"},
      {"\"\n7\r\n\"", "7"},
      {"\"7\"8", "78"},
      {"\"7\" ", "7"},
      {"\"\"7", "7"},
      {"\"-\"7", "-7"},
      {"\"\t7\v\f\"", "7"},
      {"00000000000000000000000000000000000000007", "7"},
      {"-00000000000000000000000000000000000000000", "0"},
      {"99999999999999999", "99999999999999999"},
      {"999999999999999999", "999999999999999999"},
      {"-999999999999999999", "-999999999999999999"},
      {"1000000000000000000", "1000000000000000000"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808"},
      {"-9223372036854775809", "-9223372036854775809"},
      {"9999999999999999999", "9999999999999999999"},
      {"18446744073709551616", "18446744073709551616"},
      {"-99999999999999999999", "-99999999999999999999"},
      {"99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
      {"170141183460469231731687303715884105728", "170141183460469231731687303715884105728"},
      {"-999999999999999999999999999999999999999", "-999999999999999999999999999999999999999"},
      {"\"99999999999999999999\"", "99999999999999999999"},
      {"+00099999999999999999999 ", "99999999999999999999"},

      {"", nullptr},
      {" ", nullptr},
      {"\t", nullptr},
      {"\"\"", nullptr},
      {"\" \"", nullptr},
      {"\"\n\"", nullptr},
      {"-", nullptr},
      {"+", nullptr},
      {"--7", nullptr},
      {"+-7", nullptr},
      {"-+7", nullptr},
      {"- 7", nullptr},
      {"+ 7", nullptr},
      {"7-", nullptr},
      {"7+", nullptr},
      {"7 7", nullptr},
      {"1_000", nullptr},
      {"1.0", nullptr},
      {"1e3", nullptr},
      {"0x10", nullptr},
      {"x", nullptr},
      {"7x", nullptr},
      {"x7", nullptr},
      {"7\"", nullptr},
      {"7\"8\"", nullptr},
      {" \"7\"", nullptr},
      {"\"7\"\"8\"", nullptr},
      {"\"\"\"\"", nullptr},
      {"\"7,8\"", nullptr},
      {"\"7\n8\"", nullptr},
      {"\"7\"x", nullptr},
      {"\"7\"\"\"", nullptr},
      {"\x08", nullptr},
      {"7\x0E", nullptr},
      {"\x1C"
       "7",
       nullptr},
      {"7\x1F", nullptr},
      {"7\x7F", nullptr},
      {"7\x85", nullptr},
      {"\xA0"
       "7",
       nullptr},
      {"\xEF\xBB\xBF"
       "7",
       nullptr},
      {"\xD9\xA7", nullptr},  // Arabic-Indic 7
      {"/", nullptr},
      {":", nullptr},
      {"999999999999999999x", nullptr},
      {"9999999999999999999x", nullptr},
      {"99999999999999999999 9", nullptr},
      {"-9999999999999999999-", nullptr},
  };
  for (const auto& one : cases) {
    const auto field = one.field;
    const auto sum = one.sum;
    CAPTURE(printable(field));
    if (*field != '\0') {  // an empty row has no field
      const Summed is = summed(field);
      CHECK(is.lines == (sum ? "0,"s + sum + "\n" : ""));
      CHECK(is.rejects.size() == (sum ? 0 : 1));
    }
    CHECK(summed("1,"s + field).rejects.size() == (sum ? 0 : 1));
    check_everywhere(field);
  }
}

TEST_CASE("batch_summer: NUL is a byte like others") {
  CHECK(summed("1\0\n"s).rejects.size() == 1);
  check_everywhere("\0"s);
  check_everywhere("1\0"s);
  check_everywhere("\"\0001\""s);
}

TEST_CASE("batch_summer: every single byte, alone, after and before a digit, and in quotes") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    for (const std::string& text : {c, "1" + c, c + "1", "1" + c + "1", "1," + c + "\n", "-" + c,
                                    "\"" + c + "\"", "\"1" + c + "\"1\n2"}) {
      if (is_whole(text, ',')) check(text);
    }
  }
}

TEST_CASE("batch_summer: integers of every length") {
  for (size_t digits = 1; digits <= 130; ++digits) {
    for (const char* sign : {"", "-", "+"}) {
      for (const char digit : {'9', '1'}) {
        const std::string value = sign + std::string(digits, digit);
        check(value);
        check(value + "," + value + "\n-1," + value + "\r\n" + value);
        check("0000," + value + ",\"" + value + "\"\n1");
        check(value + "x\n" + value);
      }
    }
  }
  const std::string huge(100'000, '8');
  CHECK(summed("-" + huge + ",1\n1").lines == "0,-" + huge.substr(1) + "7\n1,1\n");
}

TEST_CASE("batch_summer: sums beyond 64 and 128 bits") {
  CHECK(summed("9223372036854775807,1").lines == "0,9223372036854775808\n");
  CHECK(summed("-9223372036854775808,-1").lines == "0,-9223372036854775809\n");
  CHECK(summed("9223372036854775807,9223372036854775807,-9223372036854775808").lines ==
        "0,9223372036854775806\n");
  CHECK(summed("170141183460469231731687303715884105727,1,-1").lines ==
        "0,170141183460469231731687303715884105727\n");
  CHECK(summed("99999999999999999999,-99999999999999999999,5").lines == "0,5\n");
  CHECK(summed("99999999999999999999,-100000000000000000000\n2").lines == "0,-1\n1,2\n");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "999999999999999999,";
  CHECK(summed(many + "1").lines == "0,999999999999999999001\n");
}

TEST_CASE("batch_summer: many fields, many rows") {
  std::string row = "1";
  for (int i = 1; i < 5000; ++i) row += ",1";
  CHECK(summed(row).lines == "0,5000\n");
  std::string text, lines;
  for (int i = 0; i < 3000; ++i) {
    text += std::to_string(i) + ",-" + std::to_string(i % 7) + "\n";
    lines += std::to_string(i) + "," + std::to_string(i - i % 7) + "\n";
  }
  CHECK(summed(text).lines == lines);
}

TEST_CASE("batch_summer: a reject has all that is told of it") {
  const std::string text = "1\n2,\"a\n\"\"b\"c,y\r\n\n,3\r4";
  BatchSummer summer({});
  const Summed is = answer_of(summer, batch_of(text, 1000, 50), text);
  CHECK(is.lines == "50,1\n52,0\n54,4\n");
  CHECK(is.rows == 5);
  REQUIRE(is.rejects.size() == 2);
  CHECK(is.rejects[0] ==
        Reject{1, 2, 1004, 5, "'a\\n\"bc' is not an integer", "2,\"a\n\"\"b\"c,y\r\n"});
  CHECK(is.rejects[1] == Reject{3, 1, 1017, 10, "'' is not an integer", ",3\r"});
}

TEST_CASE("batch_summer: offsets count in the range, of which the text is the end") {
  const std::string text = "x\n";
  Batch batch = batch_of(text, 100);
  batch.range.begin = 90;
  BatchSummer summer({});
  const Summed is = answer_of(summer, batch, text);
  REQUIRE(is.rejects.size() == 1);
  CHECK(is.rejects[0].offset == 100);
}

TEST_CASE("batch_summer: a bad value is shown in part, its row kept as a whole") {
  const std::string value(200, 'x');
  const Summed is = summed("1," + value + ",2\n");
  REQUIRE(is.rejects.size() == 1);
  CHECK(is.rejects[0].reason == "'" + value.substr(0, 40) + "...' is not an integer");
  CHECK(is.rejects[0].bytes == "1," + value + ",2\n");
}

TEST_CASE("batch_summer: nothing is left of the batch before") {
  BatchSummer summer({});
  const std::string first = "x\n99999999999999999999999\n\"y\"";
  const std::string second = "1\n";
  answer_of(summer, batch_of(first), first);
  CHECK(answer_of(summer, batch_of(second), second) == Summed{"0,1\n", {}, 1});
}

TEST_CASE("batch_summer: odd delimiters") {
  CHECK(summed("1;2;3,4\n5", ';').rejects.size() == 1);
  CHECK(summed("1\t 2\t3 \n", '\t').lines == "0,6\n");
  CHECK(summed("1 2 3", ' ').lines == "0,6\n");
  CHECK(summed("1  3", ' ').rejects.size() == 1);
  CHECK(summed("1-2-3\n\"-1\"-3", '-').lines == "0,6\n1,2\n");
  CHECK(summed("-1", '-').rejects.size() == 1);
  CHECK(summed("1+2+-3", '+').lines == "0,0\n");
  CHECK(summed("10203\n\"0\"04", '0').lines == "0,6\n1,4\n");
  CHECK(summed("1\xFF-2\xFF\"3\"\n", '\xFF').lines == "0,2\n");
  CHECK(summed("1\0002"s, '\0').lines == "0,3\n");
  for (const char delimiter : ";\t \v-+059\xFF\x80x_\0"s) {
    for (const std::string field :
         {"1", "-1", "+12", " 3 ", "\"4\"", "\"-5\"", "999999999999999999", "9999999999999999999",
          "", "y", "\"0\"1", "\"9\"", "5-"}) {
      check_everywhere(field, delimiter);
    }
  }
}

TEST_CASE("batch_summer: every short text") {
  constexpr std::string_view alphabet = "0 -,\"\n\rx";
  for (size_t length = 1; length <= 4; ++length) {
    size_t texts = 1;
    for (size_t i = 0; i < length; ++i) texts *= alphabet.size();
    for (size_t number = 0; number < texts; ++number) {
      std::string text;
      for (size_t i = 0, rest = number; i < length; ++i, rest /= alphabet.size()) {
        text += alphabet[rest % alphabet.size()];
      }
      if (is_whole(text, ',')) check(text);
    }
  }
}

TEST_CASE("batch_summer: random texts") {
  std::mt19937 random(4);
  const std::string delimiters(",,,;\t -+15\xFF\0", 12);
  for (int i = 0; i < 6000; ++i) {
    const char delimiter = delimiters[random() % delimiters.size()];
    const char* const alphabets[] = {"0123456789,\n", "0123456789--,,\r\n\n", "19- \t\"\"\n\r+",
                                     "1111111111111111111,-\n", "1\"\n\rx\xEF_"};
    std::string alphabet = alphabets[random() % std::size(alphabets)];
    alphabet += delimiter;
    const size_t length = random() % (i % 2 ? 40 : 400);
    std::string text;
    while (text.size() < length) text += alphabet[random() % alphabet.size()];
    if (!is_whole(text, delimiter)) text += quote;
    check(text, delimiter);
  }
}

TEST_CASE("batch_summer: random rows of good integers, with a bad one now and then") {
  std::mt19937 random(5);
  for (int i = 0; i < 1500; ++i) {
    std::string text;
    const size_t longest = i % 2 ? 3 : 1 + random() % 40;
    for (size_t rows = random() % 30; rows > 0; --rows) {
      for (size_t fields = random() % 12; fields > 0; --fields) {
        const bool is_quoted = random() % 10 == 0;
        if (is_quoted) text += quote;
        if (random() % 4 == 0) text += random() % 4 ? "-" : "+";
        for (size_t digits = 1 + random() % longest; digits > 0; --digits) {
          text += static_cast<char>('0' + random() % 10);
        }
        if (random() % 100 == 0) text += 'x';
        if (is_quoted) text += quote;
        if (fields > 1) text += ',';
      }
      text += random() % 5 ? "\n" : random() % 2 ? "\r\n" : "\r";
    }
    check(text);
  }
}

}  // namespace rowsum
