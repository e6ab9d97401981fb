// SPDX-License-Identifier: MIT
#include "common/csv/field_filter.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "common/base/report.h"
#include "common/simd/level.h"
#include "tests/support/exact_text.h"
#include "tests/support/plain_filter.h"
#include "tests/support/texts.h"

using namespace rowsum;

namespace {

std::string filtered(std::string_view text, std::string_view list, Dialect dialect = {}) {
  Buffer out;
  const size_t size = FieldFilter(FieldList::parse(list, false), dialect).append(text, out, 0);
  return {out.data(), size};
}

/// Runs `check` on every level that the processor supports.
template <typename Check>
void on_every_level(Check check) {
  const SimdLevel best = simd_level();
  for (const SimdLevel level :
       {SimdLevel::scalar, SimdLevel::sse4, SimdLevel::avx2, SimdLevel::avx512, SimdLevel::neon}) {
    if (!has_simd_level(level)) continue;
    CAPTURE(static_cast<int>(level));
    set_simd_level(level);
    check();
  }
  set_simd_level(best);
}

/// Checks that the filter does what the plain one does, and that the rows that come out are those
/// that the plain one has made, and not only the same bytes.
void check_filter(std::string_view text, const FieldList& list, Dialect dialect = {}) {
  const auto ranges = list.ranges();
  const std::vector<PlainRow> expected_rows = plain_filter(plain_rows(text, dialect), ranges);
  const std::string expected = text_of(expected_rows, dialect);
  const bool are_rows = plain_rows(expected, dialect) == expected_rows;
  const FieldFilter filter(list, dialect);
  const ExactText exact(text);
  on_every_level([&] {
    Buffer out;
    const size_t size = filter.append(exact.text(), out, 0);
    const std::string_view is(out.data(), size);
    if (is == expected && are_rows) return;
    CAPTURE(printable(text, 3000));
    CAPTURE(ranges.empty() ? 0 : ranges.front().first);
    CAPTURE(are_rows);
    CHECK(printable(is, 3000) == printable(expected, 3000));
    FAIL("a list of " << ranges.size() << " ranges");
  });
}

std::vector<FieldList> lists(std::initializer_list<const char*> texts) {
  std::vector<FieldList> lists;
  for (const char* const text : texts) lists.push_back(FieldList::parse(text, false));
  lists.push_back(FieldList::parse("1-", true));  // no field at all
  return lists;
}

/// A few ranges of fields, up to number `most` or open.
FieldList random_list(std::mt19937& random, unsigned most) {
  std::string list;
  for (auto left = 1 + random() % (random() % 8 == 0 ? 20 : 4); left > 0; --left) {
    const auto first = 1 + random() % most, last = first + random() % (most + 1 - first);
    if (!list.empty()) list += ',';
    list += std::to_string(first);
    if (random() % 8 == 0) {
      list += '-';
    } else if (random() % 2) {
      list += '-' + std::to_string(last);
    }
  }
  return FieldList::parse(list, random() % 4 == 0);
}

constexpr std::string_view alphabets[] = {"1,\n",
                                          "11,,,,\n",
                                          "1,,,,,,,,,,,,,,,\n",
                                          "1,\"\n",
                                          "1,\"\r\n",
                                          "\"\"\",\n",
                                          "1111111,\"\n",
                                          "11111,,,,,,,,,\n",
                                          "\",,,,,,,,,,\"\"\n",
                                          "1,\r\n",
                                          ",\r",
                                          "11111111,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n",
                                          "1111111111\r\n"};

}  // namespace

TEST_CASE("field_filter: as in cut") {
  CHECK(filtered("1,2,3\n4,5,6\n", "2") == "2\n5\n");
  CHECK(filtered("1,2,3\n4,5,6\n", "2-") == "2,3\n5,6\n");
  CHECK(filtered("1,2,3\n4,5,6", "3,1") == "1,3\n4,6");
  CHECK(filtered("1,2,3\n4\n\n5,6\n", "1,3") == "1,3\n4\n\n5\n");
  CHECK(filtered("1,2\n3\n", "2") == "2\n\n");
  CHECK(filtered("1;2,3\r\n", "2", {';'}) == "2,3\r\n");
  CHECK(filtered("", "1").empty());
}

TEST_CASE("field_filter: fields stay as they are") {
  CHECK(filtered("\"1\",\"a,\"\"b\"\"\nc\" ,\r\n 2 ,x\"y,z\r", "2-") ==
        "\"a,\"\"b\"\"\nc\" ,\r\nx\"y,z\r");
}

TEST_CASE("field_filter: an empty field stays a field") {
  CHECK(filtered(",1\n1,\n", "1") == "\"\"\n1\n");
  CHECK(filtered(",1\n1,\n", "2") == "1\n\"\"\n");
  CHECK(filtered(",1", "1") == "\"\"");
  CHECK(filtered("1,", "2") == "\"\"");
  CHECK(filtered(",,\n", "1,3") == ",\n");
  CHECK(filtered(",\n", "1-") == ",\n");
  CHECK(filtered("\n", "1-") == "\n");
}

TEST_CASE("field_filter: as many rows come out as went in") {
  CHECK(filtered("1\r2\n3\n", "2") == "\r\r\n\n");
  CHECK(filtered("1\r2\r\n3\r4", "2") == "\r\r\n\r\r\n");
  CHECK(filtered("1\n2", "2") == "\n\n");
  CHECK(filtered("1\r,2\n", "1") == "1\r\"\"\n");
}

TEST_CASE("field_filter: it appends") {
  on_every_level([] {
    Buffer out;
    const FieldFilter filter(FieldList::parse("2", false), {});
    size_t size = filter.append("1,2\r", out, 0);
    size = filter.append("3\n4\n", out, size);
    size = filter.append("", out, size);
    const std::string rows(10'000, '\n');
    size = filter.append(rows, out, size);
    CHECK(std::string_view(out.data(), size) == "2\r\r\n\n" + rows);
  });
}

TEST_CASE("field_filter: every short text") {
  const auto some = lists({"1", "2", "2-", "1,3", "-2", "3-"});
  for_every_text("1,\"\r\n", 6, [&](const std::string& text) {
    for (const FieldList& list : some) check_filter(text, list);
  });
}

TEST_CASE("field_filter: every short text around the border of two blocks") {
  const auto some = lists({"1", "2", "1,3", "-2", "3-", "30-31,33", "32"});
  // Rows of every kind that come before: many fields, one field, short rows, quotes.
  std::string many, one, rows, quoted = "\"";
  while (many.size() < 128) {
    many += "1,";
    one += '1';
    rows += "1\n";
    quoted += ",\n";
  }
  for_every_text("1,\"\r\n", 4, [&](const std::string& text) {
    for (const std::string& before : {many, one, rows, quoted}) {
      const size_t most = text.size() > 2 ? text.size() : 2;
      for (size_t size = 64 - most; size <= 64; ++size) {
        const std::string whole = before.substr(0, size) + text;
        for (const FieldList& list : some) {
          check_filter(whole, list);
          // The same far from the end of the text.
          if (size == 62) check_filter(whole + one + ",1\n" + rows + rows, list);
        }
      }
    }
  });
}

TEST_CASE("field_filter: random texts") {
  std::mt19937 random(1);
  for (int i = 0; i < 40'000; ++i) {
    const std::string_view alphabet = alphabets[random() % std::size(alphabets)];
    const size_t size = random() % (random() % 16 == 0 ? 3000 : 300);
    std::string text = random_text(random, alphabet, size);
    if (random() % 2) {
      // Most row ends become something else, so that rows are long.
      for (char& c : text) {
        if ((c == '\n' || c == '\r') && random() % 16) c = alphabet[random() % 2];
      }
    }
    const Dialect dialect{random() % 8 == 0 ? '1' : ','};
    check_filter(text, random_list(random, random() % 2 ? 5 : 200), dialect);
  }
}

TEST_CASE("field_filter: a quote or a row end in any place of a long row") {
  const auto some = lists({"1", "2-", "3,40-"});
  for (const std::string_view fields : {"1,", "1234567890,"}) {
    std::string row;
    while (row.size() < 330) row += fields;
    for (size_t at = 0; at < row.size(); ++at) {
      for (const std::string_view put :
           {"\"", ",\"", "\"\n\"", "\n", "\r", "\r\n", ",\r,", "\n\r"}) {
        const std::string text = row.substr(0, at) + std::string(put) + row.substr(at) + "\n1,2\n";
        for (const FieldList& list : some) check_filter(text, list);
      }
    }
  }
}

TEST_CASE("field_filter: a text of any size that is one long row") {
  const auto some = lists({"1", "2-", "40-"});
  std::string row;
  for (row = ",1"; row.size() < 400; row += "1,") {
    for (const std::string_view last : {"", "1", "\n", "\r", "\r\n", "\""}) {
      for (const FieldList& list : some) {
        check_filter(row + std::string(last), list);
        check_filter(row.substr(1) + std::string(last), list);
      }
    }
  }
}

TEST_CASE("field_filter: numbers of fields that no row has") {
  const auto some = lists({"18446744073709551614", "-18446744073709551614", "2,1000000000000-",
                           "65,18446744073709551613-", "64,128,192,256"});
  std::mt19937 random(1);
  const std::string row = random_text(random, "1,", 1000) + "\n";
  for (const FieldList& list : some) check_filter("1,2\n" + row + "1\n" + row, list);
}
