// SPDX-License-Identifier: MIT
#include "p1_read/batcher.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/report.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

using namespace std::string_literals;

const std::string mark(byte_order_mark);

struct Feeding {
  size_t first;          // bytes at a time, if as many are wanted: the first time
  size_t most;           // and every later time
  bool is_live;          // takes all whole rows after each piece
  unsigned random_seed;  // if not 0: pieces have random lengths up to `most`
  bool as_outlines = false;
};

constexpr size_t all_wanted = SIZE_MAX;

constexpr Feeding feedings[] = {{all_wanted, all_wanted, false, 0},
                                {1, 1, false, 0},
                                {7, 7, false, 5},
                                {1, all_wanted, false, 0},
                                {all_wanted, all_wanted, true, 0},
                                {1, 1, true, 0},
                                {7, 7, true, 6},
                                {2, all_wanted, true, 0},
                                {all_wanted, all_wanted, false, 0, true},
                                {1, 1, true, 0, true},
                                {7, 7, false, 7, true}};

std::string name_of(size_t input) {
  return std::to_string(input) + ".csv";
}

struct Cut {
  std::vector<Batch> batches;
  Thrown failure;
  std::vector<std::string> headers;  // of the inputs that have been read to their ends
  uint64_t rows = 0;                 // as counted by the batcher
  std::string faults;                // wrong answers on the way
};

/// Does what p1_read does, without reading and dealing.
Cut cut(const std::vector<std::string>& inputs, const BatcherOptions& options, Feeding feeding,
        uint64_t begin) {
  Cut cut;
  Batcher batcher(options, begin);
  std::minstd_rand random(feeding.random_seed);
  uint64_t fed = begin;
  const auto take = [&](const std::optional<Batch>& batch) {
    if (batch) cut.batches.push_back(*batch);
  };
  cut.failure = thrown_by([&] {
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      batcher.begin_input(i, name_of(i));
      std::string_view left = inputs[i];
      for (bool is_over = false; !is_over;) {
        if (batcher.wanted() < 1) cut.faults += "nothing wanted\n";
        if (batcher.scanned() != fed) cut.faults += "scanned\n";
        const size_t most = fed == begin ? feeding.first : feeding.most;
        const bool as_outline = feeding.as_outlines && !batcher.needs_bytes();
        const uint64_t wanted =
            as_outline ? std::min(options.batch_size, options.max_row) : batcher.wanted();
        size_t piece = std::min({left.size(), std::max<size_t>(wanted, 1), most});
        if (feeding.random_seed != 0 && piece > 1) piece = 1 + random() % piece;
        is_over = piece == 0;
        if (is_over) {
          batcher.end_input();
        } else {
          const std::string_view bytes = left.substr(0, piece);
          as_outline ? batcher.feed(Outline::of(bytes, options.dialect)) : batcher.feed(bytes);
          left.remove_prefix(piece);
          fed += piece;
        }
        take(batcher.take_full());
        batcher.check();
        if (feeding.is_live && !is_over) take(batcher.take_any());
        const uint64_t taken = cut.batches.empty() ? begin : cut.batches.back().range.end;
        if (batcher.taken() != taken) cut.faults += "taken\n";
      }
      cut.headers.push_back(batcher.header_row());
    }
  });
  cut.rows = batcher.rows();
  return cut;
}

struct Row {
  uint32_t input;
  uint64_t begin;  // in all of the inputs
  uint64_t end;    // after its row end
};

struct Expected {
  std::vector<Row> rows;
  std::vector<std::string> headers;  // of the inputs
  uint64_t begin = 0;
  uint64_t end = 0;  // where the last range ends
  std::string failure;
};

/// Finds by the automaton alone what has to come out, however the batcher is fed.
Expected expected_of(const std::vector<std::string>& inputs, const BatcherOptions& options,
                     uint64_t begin) {
  Expected expected;
  expected.begin = expected.end = begin;
  uint64_t input_begin = begin;
  for (uint32_t input = 0; input < inputs.size(); ++input) {
    const std::string& text = inputs[input];
    size_t at = text.starts_with(mark) ? mark.size() : 0;
    expected.end = input_begin;
    expected.headers.emplace_back();
    const size_t rows_before = expected.rows.size();
    for (bool is_header = options.header != HeaderRow::none; at < text.size(); is_header = false) {
      RowAutomaton automaton(options.dialect);
      const size_t row = at;
      while (at < text.size() && automaton.step(text[at]) != RowAutomaton::Meaning::row_end) ++at;
      const size_t bytes = at - row;
      if (bytes > options.max_row || (at == text.size() && automaton.is_quoted())) {
        const uint64_t origin = input == 0 ? begin : 0;
        expected.failure =
            name_of(input) + ": row " + std::to_string(expected.rows.size()) + " (" +
            (rows_before > 0
                 ? "row " + std::to_string(expected.rows.size() - rows_before) + " of the file, "
                 : "") +
            "byte " + std::to_string(origin + row) + "): " +
            (bytes > options.max_row
                 ? "longer than " + std::to_string(options.max_row) + " bytes (--max-row)"
                 : "a quoted field is never closed");
        return expected;
      }
      if (at < text.size()) at += text.compare(at, 2, "\r\n") == 0 ? 2 : 1;
      if (is_header) {
        expected.headers.back() = text.substr(row, at - row);
        continue;
      }
      expected.rows.push_back({input, input_begin + row, input_begin + at});
      expected.end = input_begin + at;
    }
    input_begin += text.size();
    expected.end = input_begin;
  }
  return expected;
}

/// Returns what is wrong with the batches: an empty text if nothing is. `most`: how many bytes a
/// batch may have that does not begin with a long row.
std::string faults_of(const Cut& cut, const Expected& expected, const BatcherOptions& options,
                      uint64_t most) {
  std::string faults = cut.faults;
  size_t row = 0;
  uint64_t position = expected.begin;
  for (const Batch& batch : cut.batches) {
    const std::string where = describe(batch.range) + ": ";
    if (batch.range.begin != position) faults += where + "no tile\n";
    if (batch.range.end <= batch.range.begin) faults += where + "empty\n";
    if (batch.first_row != row) faults += where + "first row\n";
    if (batch.text > options.largest_text()) faults += where + "too much text\n";
    position = batch.range.end;
    if (batch.rows == 0) {
      if (batch.text != 0) faults += where + "text without rows\n";
      continue;
    }
    if (row + batch.rows > expected.rows.size()) return faults + where + "too many rows\n";
    const Row first = expected.rows[row];
    const Row last = expected.rows[row + batch.rows - 1];
    row += batch.rows;
    if (batch.text_begin() != first.begin) faults += where + "where the text begins\n";
    if (batch.range.end != last.end) faults += where + "ends within a row\n";
    if (batch.input != first.input || batch.input != last.input) faults += where + "input\n";
    // A CR as the last byte leaves its row open for one byte more.
    const bool has_room = first.end - batch.range.begin < options.batch_size;
    if (has_room && batch.range.size() > most) faults += where + "too big\n";
  }
  if (position != expected.end)
    faults += "the last tile ends at " + std::to_string(position) + "\n";
  if (row != expected.rows.size()) faults += "rows are missing\n";
  if (row != cut.rows) faults += "rows are counted wrong\n";
  if (!std::equal(cut.headers.begin(), cut.headers.end(), expected.headers.begin())) {
    faults += "header rows\n";
  }
  return faults;
}

/// No batch but the last of an input could have taken the next row as well.
std::string halfempty_of(const Cut& cut, const Expected& expected, const BatcherOptions& options) {
  std::string faults;
  for (const Batch& batch : cut.batches) {
    const size_t next = batch.first_row + batch.rows;
    if (next >= expected.rows.size() || expected.rows[next].input != batch.input) continue;
    if (expected.rows[next].end - batch.range.begin < options.batch_size) {
      faults += describe(batch.range) + ": not full\n";
    }
  }
  return faults;
}

/// Checks every batch size and every way of feeding.
void check(const std::vector<std::string>& inputs, BatcherOptions options = {},
           uint64_t begin = 0) {
  const Expected expected = expected_of(inputs, options, begin);
  for (options.batch_size = 1; options.batch_size <= 40; ++options.batch_size) {
    for (const Feeding& feeding : feedings) {
      const Cut is = cut(inputs, options, feeding, begin);
      // An outline is fed as a whole, even if the batch needs but a part of it to be full.
      const uint64_t most = feeding.as_outlines ? 2 * options.batch_size : options.batch_size;
      std::string faults = faults_of(is, expected, options, most);
      if (!feeding.is_live) faults += halfempty_of(is, expected, options);
      const bool is_good = faults.empty() && is.failure.message == expected.failure;
      if (is_good) continue;
      CAPTURE(printable(inputs.front(), 200));
      CAPTURE(inputs.size());
      CAPTURE(options.batch_size);
      CAPTURE(options.max_row);
      CAPTURE(feeding.first);
      CAPTURE(feeding.most);
      CAPTURE(feeding.is_live);
      CAPTURE(feeding.as_outlines);
      CHECK(faults == "");
      CHECK(is.failure.message == expected.failure);
      return;  // the first failure is enough
    }
  }
  CHECK(true);
}

BatcherOptions with_header() {
  BatcherOptions options;
  options.header = HeaderRow::skip;
  return options;
}

BatcherOptions with_max_row(uint64_t bytes) {
  BatcherOptions options;
  options.max_row = bytes;
  return options;
}

/// The text of all rows, one after another, as the batches hold it.
std::string rows_text(const std::vector<std::string>& inputs, const BatcherOptions& options) {
  std::string all, rows;
  for (const std::string& input : inputs) all += input;
  for (const Batch& batch : cut(inputs, options, feedings[0], 0).batches) {
    rows += all.substr(batch.text_begin(), batch.text) + '|';
  }
  return rows;
}

std::string random_text(std::mt19937& random, std::string_view alphabet, size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("batcher: no bytes, no batch") {
  CHECK(cut({""}, {}, feedings[0], 0).batches.empty());
  check({""});
  check({"", "", ""});
  check({""}, with_header());
}

TEST_CASE("batcher: whole rows, as many as fit") {
  BatcherOptions options;
  options.batch_size = 4;
  const std::vector<Batch> batches = cut({"1\n2\n3\n45678\n9"}, options, feedings[0], 0).batches;
  REQUIRE(batches.size() == 4);
  CHECK(batches[0] == Batch{{0, 4}, 4, 0, 0, 2});
  CHECK(batches[1] == Batch{{4, 6}, 2, 0, 2, 1});
  CHECK(batches[2] == Batch{{6, 12}, 6, 0, 3, 1});
  CHECK(batches[3] == Batch{{12, 13}, 1, 0, 4, 1});
}

TEST_CASE("batcher: quoted files tile exactly") {
  for (const std::string row_end : {"\n", "\r", "\r\n"}) {
    CAPTURE(row_end);
    const std::string text = "1,\"2\"" + row_end + "\"3" + row_end + "\"\"" + row_end + "4\",5\"6" +
                             row_end + row_end + "\"\"" + row_end + "7,\"\",\"\"\"\"" + row_end +
                             "\"8\"9\"" + row_end + row_end + "10";
    check({text});
    check({text + row_end});
    check({text}, with_header());
    check({text, text, text + row_end, text});
  }
}

TEST_CASE("batcher: random texts tile exactly") {
  std::mt19937 random(3);
  for (int i = 0; i < 150; ++i) {
    BatcherOptions options;
    options.header = random() % 3 == 0 ? HeaderRow::skip : HeaderRow::none;
    options.max_row = random() % 2 == 0 ? 1 + random() % 12 : 1000;
    options.dialect.delimiter = i % 5 == 0 ? '\xEF' : ',';
    std::vector<std::string> inputs(1 + random() % 3);
    for (std::string& input : inputs) {
      input = random_text(random, i % 2 ? "\"1111,\n\r" : "1,\n\n\r\xEF\xBB\xBF", random() % 50);
      if (random() % 3 == 0) input.insert(0, mark.substr(0, 1 + random() % 3));
    }
    check(inputs, options, random() % 2 ? 0 : 100);
  }
}

TEST_CASE("batcher: a header row is known when it has ended") {
  Batcher batcher(with_header(), 0);
  batcher.begin_input(0, name_of(0));
  for (const std::string& piece : {mark, "a,\""s, "b\n"s, "\""s}) {
    batcher.feed(piece);
    CHECK(batcher.header_row() == "");
  }
  batcher.feed("\r\n1\n");
  CHECK(batcher.header_row() == "a,\"b\n\"\r\n");
  batcher.end_input();
  batcher.take_full();
  batcher.begin_input(1, name_of(1));
  CHECK(batcher.header_row() == "");
  batcher.feed("c,d");
  CHECK(batcher.header_row() == "");
  batcher.end_input();
  CHECK(batcher.header_row() == "c,d");
}

TEST_CASE("batcher: reading may begin in the middle") {
  const std::vector<Batch> batches = cut({"1\n2\n"}, {}, feedings[0], 100).batches;
  REQUIRE(batches.size() == 1);
  CHECK(batches[0] == Batch{{100, 104}, 4, 0, 0, 2});
  check({"1\n22\n333\n"}, {}, 100);
  // Offsets in the first input are those of the file. In the other inputs they count from the
  // beginning of the input.
  check({"1\n22\n\"333\n"}, {}, 100);
  check({"1\n22\n", "1\n\"333\n"}, {}, 100);
}

TEST_CASE("batcher: a run goes on where any batch of it began, as if it had never stopped") {
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    BatcherOptions options;
    options.header = i % 2 == 0 ? HeaderRow::skip : HeaderRow::none;
    options.max_row = i % 3 == 0 ? 6 : 1000;
    options.batch_size = 1 + random() % 10;
    const std::string text =
        (i % 4 < 2 ? mark : "") + random_text(random, "\"11,\n\r\xEF\xBB\xBF", 40);
    const Cut whole = cut({text}, options, feedings[0], 0);
    for (size_t from = 1; from < whole.batches.size(); ++from) {
      const Batch& first = whole.batches[from];
      Batcher batcher(options, first.range.begin);
      batcher.begin_input(0, name_of(0));
      batcher.go_on_at_row(first.first_row);
      std::vector<Batch> batches;
      const Thrown failure = thrown_by([&] {
        for (size_t at = first.range.begin; true;) {
          const size_t piece = std::min(text.size() - at, size_t{batcher.wanted()});
          piece > 0 ? batcher.feed(std::string_view(text).substr(at, piece)) : batcher.end_input();
          at += piece;
          if (const auto batch = batcher.take_full()) batches.push_back(*batch);
          batcher.check();
          if (piece == 0) break;
        }
      });
      CAPTURE(printable(text, 200));
      CHECK(failure == whole.failure);
      CHECK(batches == std::vector<Batch>(whole.batches.begin() + static_cast<long>(from),
                                          whole.batches.end()));
      if (failure == Thrown()) CHECK(batcher.rows() == whole.rows - first.first_row);
    }
  }
}

TEST_CASE("batcher: a byte order mark is covered, and is no text") {
  CHECK(rows_text({mark + "1\n2"}, {}) == "1\n2|");
  CHECK(rows_text({mark}, {}) == "|");
  CHECK(rows_text({mark + mark + "1"}, {}) == mark + "1|");
  CHECK(rows_text({"1\n", mark + "2"}, {}) == "1\n|2|");
  CHECK(rows_text({mark + "h\n1"}, with_header()) == "1|");
  for (const BatcherOptions& options : {BatcherOptions(), with_header()}) {
    for (const char* text : {"", "1", "1\n2\n", "\n", "\r", "\r\n", "\"1\n\"\n2", "\"1"}) {
      for (size_t bytes = 0; bytes <= mark.size(); ++bytes) {
        check({mark.substr(0, bytes) + text}, options);
        check({"", mark.substr(0, bytes) + text, mark.substr(0, bytes), mark + text}, options);
      }
      // The bytes begin like a byte order mark.
      check({"\xEF\xBB\xBE"s + text}, options);
      check({"\xEF\xEF\xBB\xBF"s + text}, options);
    }
  }
}

TEST_CASE("batcher: a header is covered, and is no text") {
  const BatcherOptions header = with_header();
  CHECK(rows_text({"h\n1\n"}, header) == "1\n|");
  CHECK(rows_text({"h\r1\n"}, header) == "1\n|");
  CHECK(rows_text({"h\r\n1\n"}, header) == "1\n|");
  CHECK(rows_text({"\n1\n"}, header) == "1\n|");
  CHECK(rows_text({"\r\n1\n"}, header) == "1\n|");
  CHECK(rows_text({"\r\n\r\n"}, header) == "\r\n|");
  CHECK(rows_text({"\r\r"}, header) == "\r|");
  CHECK(rows_text({"\"a\nb\",\"\"\"\n\"\n1"}, header) == "1|");
  CHECK(rows_text({"h"}, header) == "|");
  CHECK(rows_text({"h\n"}, header) == "|");
  CHECK(rows_text({"\n"}, header) == "|");
  CHECK(rows_text({"", "h\n1\n", "h\n", "h\n2"}, header) == "1\n||2|");
  for (const char* text :
       {"h", "h\n", "h\r", "h\r\n", "\n", "\r", "\r\n", "h\r1", "h\r\r1", "h\n\n1", "h\r\n\r\n1",
        "\"a\nb\"\r1\r2", "\"a\r\n\"\"\"\r\n1\n2\n",
        "a long header of many bytes\n1\n22\n333\n4444\n", "\"never closed\n1"}) {
    check({text}, header);
    check({text, text}, header);
    check({"", text, "", text, ""}, header);
  }
}

TEST_CASE("batcher: several inputs, a batch never spans two") {
  CHECK(rows_text({"1", "2", "3\n"}, {}) == "1|2|3\n|");
  // A CR at the end of one input and an LF at the beginning of the next are two row ends.
  CHECK(rows_text({"1\r", "\n2"}, {}) == "1\r|\n2|");
  check({"1", "2", "3\n"});
  check({"1\r", "\n2"});
  check({"", "1\n2", "", "", "3\r", "\r4\n"});
  check({"1\n", "\"2\n", "3"});
}

TEST_CASE("batcher: a quote that is never closed") {
  for (const char* text : {"\"", "1\n\"2\n3\n", "\"1\"\"", "1\r\"", "1,\"2", "\"\r\n"}) {
    check({text});
    check({"1\n2\n", text});
  }
  const Cut failed = cut({"1\n", "2\n3\r\n\"4\n"}, {}, feedings[0], 0);
  CHECK(failed.failure.status == ExitStatus::bad_data);
  CHECK(failed.failure.message ==
        "1.csv: row 3 (row 2 of the file, byte 5): a quoted field is never closed");
  REQUIRE(failed.batches.size() == 2);
  CHECK(failed.batches.back().range == Range{2, 7});
}

TEST_CASE("batcher: max_row is exact") {
  BatcherOptions options;
  for (const uint64_t max_row : {2, 3, 6}) {
    options.max_row = max_row;
    for (const uint64_t bytes : {options.max_row, options.max_row + 1}) {
      const std::string rows[] = {
          std::string(bytes, '1'), "\"" + std::string(bytes - 2, '\n') + "\"",
          "\"" + std::string(bytes - 2, '\r') + "\"", std::string(bytes, ',')};
      for (const std::string& row : rows) {
        for (const std::string row_end : {"", "\n", "\r", "\r\n"}) {
          for (const std::string& before :
               {""s, "1\n"s, "\r"s, "22\r\n\r\n"s, mark, mark + "1\r"}) {
            check({before + row + row_end}, options);
            if (row_end.empty()) continue;
            check({before + row + row_end + "3\n\n4"}, options);
            check({before + row + row_end + row + row_end}, options);
          }
        }
      }
    }
  }
  const Cut failed = cut({"1\n2\r\n333\n4"}, with_max_row(2), feedings[0], 0);
  CHECK(failed.failure.status == ExitStatus::bad_data);
  CHECK(failed.failure.message == "0.csv: row 2 (byte 5): longer than 2 bytes (--max-row)");
  REQUIRE(failed.batches.size() == 1);
  CHECK(failed.batches[0].range == Range{0, 5});
}

TEST_CASE("batcher: max_row counts for headers and for later inputs") {
  BatcherOptions options = with_header();
  options.max_row = 4;
  for (const char* text : {"1234\n1", "12345\n1", "1234", "12345", "1234\r\n1234\r\n12345\r\n",
                           "\"\n\n\"\n1", "\"\n\n\n\"\n1"}) {
    check({text}, options);
    check({"h\n1\n2", text}, options);
  }
}

TEST_CASE("batcher: max_row counts what might have been a byte order mark") {
  for (size_t bytes = 1; bytes <= 2; ++bytes) {
    for (const size_t more : {2, 3, 4, 5}) {
      const std::string row = mark.substr(0, bytes) + std::string(more, '1');
      for (const std::string row_end : {"", "\n", "\r", "\r\n"}) {
        check({row + row_end}, with_max_row(5));
        check({row + row_end + "2\n"}, with_max_row(5));
      }
    }
  }
}

TEST_CASE("batcher: a quote left open is too long before it is unterminated") {
  check({"1\n\"" + std::string(100, '\n')}, with_max_row(10));
}

TEST_CASE("batcher: the least that is wanted") {
  BatcherOptions options = with_max_row(10);
  options.batch_size = 100;
  Batcher batcher(options, 0);
  batcher.begin_input(0, "in.csv");
  // It is never so much that a row longer than max_row could end unseen.
  CHECK(batcher.wanted() == 11);
  batcher.feed("123");
  CHECK(batcher.wanted() == 8);
  batcher.feed("4567890");
  CHECK(batcher.wanted() == 1);
  batcher.feed("\r");
  CHECK(batcher.wanted() == 11);
  batcher.feed("\n");
  CHECK(batcher.wanted() == 11);
  CHECK_FALSE(batcher.take_full());
  CHECK(batcher.has_rows());
  REQUIRE(batcher.take_any());
  CHECK_FALSE(batcher.has_rows());
  CHECK_FALSE(batcher.take_any());
  CHECK(batcher.taken() == 12);
}

}  // namespace rowsum
