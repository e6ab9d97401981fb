// SPDX-License-Identifier: MIT
#include "p1_read/row_cutter.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/report.h"

namespace rowsum {

namespace {

/// Everything that a cutter says.
struct Answer {
  uint64_t scanned = 0;
  uint64_t row_end = 0;
  uint64_t open_bytes = 0;
  uint64_t rows = 0;

  bool operator==(const Answer&) const = default;
};

doctest::String toString(const Answer& answer) {
  return ("{scanned " + std::to_string(answer.scanned) + ", row end " +
          std::to_string(answer.row_end) + ", open " + std::to_string(answer.open_bytes) +
          ", rows " + std::to_string(answer.rows) + "}")
      .c_str();
}

constexpr uint64_t origin = 1000;

Answer answer_of(const RowCutter& cutter) {
  return {cutter.scanned() - origin, cutter.row_end() - origin, cutter.open_bytes(), cutter.rows()};
}

/// The same from the automaton alone, which looks ahead if there are more bytes. `is_all`: nothing
/// follows.
Answer plain_answer(std::string_view bytes, char delimiter, bool is_all) {
  RowAutomaton automaton({delimiter});
  Answer answer;
  answer.scanned = bytes.size();
  bool is_carriage_return_open = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (automaton.step(bytes[i]) != RowAutomaton::Meaning::row_end) continue;
    if (bytes[i] == '\r' && i + 1 == bytes.size() && !is_all) {
      is_carriage_return_open = true;
      continue;
    }
    if (bytes.substr(i).starts_with("\r\n")) automaton.step(bytes[++i]);
    answer.row_end = i + 1;
    ++answer.rows;
  }
  if (is_all && !automaton.is_at_row_start() && !automaton.is_quoted()) {
    answer.row_end = bytes.size();
    ++answer.rows;
  }
  answer.open_bytes = is_carriage_return_open ? 0 : answer.scanned - answer.row_end;
  return answer;
}

bool ends_in_quotes(std::string_view bytes, char delimiter) {
  RowAutomaton automaton({delimiter});
  for (const char byte : bytes) automaton.step(byte);
  return automaton.is_quoted();
}

class Fed {
 public:
  explicit Fed(std::string_view text, char delimiter = ',')
      : text_(text), delimiter_(delimiter), cutter_({delimiter}, origin) {}

  void feed(size_t bytes) {
    cutter_.feed(text_.substr(at_, bytes));
    at_ += bytes;
    REQUIRE(answer_of(cutter_) == plain_answer(text_.substr(0, at_), delimiter_, false));
  }
  void feed_row() {
    at_ += cutter_.feed_row(text_.substr(at_));
    // If it stops early, it has seen the row end, and knows whether an LF follows a CR.
    const bool is_row_over = at_ < text_.size();
    REQUIRE(answer_of(cutter_) == plain_answer(text_.substr(0, at_), delimiter_, is_row_over));
  }
  void finish() {
    REQUIRE(at_ == text_.size());
    REQUIRE(cutter_.finish() == !ends_in_quotes(text_, delimiter_));
    REQUIRE(answer_of(cutter_) == plain_answer(text_, delimiter_, true));
  }
  size_t left() const { return text_.size() - at_; }
  uint64_t rows() const { return cutter_.rows(); }

 private:
  std::string_view text_;
  char delimiter_;
  RowCutter cutter_;
  size_t at_ = 0;
};

void check_every_feeding(const std::string& text, char delimiter = ',') {
  CAPTURE(printable(text, 200));
  CAPTURE(static_cast<int>(delimiter));
  Fed whole(text, delimiter);
  whole.feed(text.size());
  whole.finish();

  Fed byte_by_byte(text, delimiter);
  while (byte_by_byte.left() > 0) byte_by_byte.feed(1);
  byte_by_byte.finish();

  for (size_t cut = 1; cut < text.size(); ++cut) {
    CAPTURE(cut);
    Fed in_two(text, delimiter);
    in_two.feed(cut);
    in_two.feed(text.size() - cut);
    in_two.finish();
  }

  Fed row_by_row(text, delimiter);
  while (row_by_row.left() > 0) {
    const uint64_t before = row_by_row.rows();
    row_by_row.feed_row();
    REQUIRE(row_by_row.rows() <= before + 1);
  }
  row_by_row.finish();
}

std::string random_text(std::mt19937& random, std::string_view alphabet, size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("row_cutter: an empty input has no row") {
  RowCutter cutter({}, 7);
  CHECK(cutter.finish());
  CHECK(cutter.rows() == 0);
  CHECK(cutter.row_end() == 7);
  CHECK(cutter.scanned() == 7);
}

TEST_CASE("row_cutter: a CR is a row end once the next byte, or the end, is known") {
  RowCutter cutter({}, 0);
  cutter.feed("1\n2\r");
  CHECK(cutter.row_end() == 2);
  CHECK(cutter.rows() == 1);
  // The row is over. The number of bytes of its row end does not make it longer.
  CHECK(cutter.open_bytes() == 0);

  SUBCASE("an LF follows") {
    cutter.feed("\n");
    CHECK(cutter.row_end() == 5);
    CHECK(cutter.rows() == 2);
  }
  SUBCASE("something else follows") {
    cutter.feed("3");
    CHECK(cutter.row_end() == 4);
    CHECK(cutter.rows() == 2);
    CHECK(cutter.open_bytes() == 1);
  }
  SUBCASE("another CR follows") {
    cutter.feed("\r");
    CHECK(cutter.row_end() == 4);
    CHECK(cutter.rows() == 2);
    cutter.feed("\n");
    CHECK(cutter.row_end() == 6);
    CHECK(cutter.rows() == 3);
  }
  SUBCASE("nothing follows") {
    CHECK(cutter.finish());
    CHECK(cutter.row_end() == 4);
    CHECK(cutter.rows() == 2);
  }
  SUBCASE("feeding nothing tells nothing") {
    cutter.feed("");
    CHECK(cutter.rows() == 1);
  }
}

TEST_CASE("row_cutter: a quote left open is no row") {
  RowCutter cutter({}, 0);
  cutter.feed("1\n\"2\n3");
  CHECK_FALSE(cutter.finish());
  CHECK(cutter.rows() == 1);
  CHECK(cutter.row_end() == 2);
}

TEST_CASE("row_cutter: feeding a row stops at its end") {
  RowCutter cutter({}, 0);
  CHECK(cutter.feed_row("\"a\nb\",c\r\nrest") == 9);
  CHECK(cutter.rows() == 1);
  CHECK(cutter.feed_row("rest") == 4);
  CHECK(cutter.rows() == 1);
  CHECK(cutter.feed_row("\r") == 1);
  CHECK(cutter.rows() == 1);
  // The LF does not belong to this row: the CR before it was the whole row end.
  CHECK(cutter.feed_row("next\n") == 0);
  CHECK(cutter.rows() == 2);
}

TEST_CASE("row_cutter: every short text, however it is fed") {
  constexpr std::string_view alphabet = "1,\"\n\r";
  for (size_t length = 0; length <= 5; ++length) {
    size_t texts = 1;
    for (size_t i = 0; i < length; ++i) texts *= alphabet.size();
    for (size_t number = 0; number < texts; ++number) {
      std::string text;
      for (size_t i = 0, rest = number; i < length; ++i, rest /= alphabet.size()) {
        text += alphabet[rest % alphabet.size()];
      }
      check_every_feeding(text);
    }
  }
}

TEST_CASE("row_cutter: random texts, however they are fed") {
  std::mt19937 random(1);
  const std::string delimiters(",;\t 1\xFF\0x", 8);
  for (int i = 0; i < 300; ++i) {
    const char delimiter = delimiters[random() % delimiters.size()];
    // Some texts have few quotes, because long parts without quotes are scanned in another way.
    std::string alphabet = i % 3 == 0   ? "11\n\r"
                           : i % 3 == 1 ? "\"\n\r1\xEF"
                                        : "\"1111111,,,\n\n\r";
    alphabet += delimiter;
    check_every_feeding(random_text(random, alphabet, random() % 150), delimiter);
  }
}

TEST_CASE("row_cutter: random texts in random pieces") {
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    const std::string text =
        random_text(random, i % 2 ? "\"11111111,\n\r" : "1,\n\r", random() % 1000);
    CAPTURE(printable(text, 200));
    Fed fed(text);
    while (fed.left() > 0) fed.feed(std::min<size_t>(1 + random() % 100, fed.left()));
    fed.finish();
  }
}

}  // namespace rowsum
