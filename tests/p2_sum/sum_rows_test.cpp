// SPDX-License-Identifier: MIT
#include "p2_sum/sum_rows.h"

#include <doctest/doctest.h>

#include <iterator>
#include <random>
#include <string>

#include "common/simd/level.h"
#include "p2_sum/batch_summer.h"

using namespace rowsum;

namespace {

struct Answer {
  std::string lines;
  std::vector<Reject> rejects;
  uint64_t rows;
  bool operator==(const Answer&) const = default;
};

Answer answer(const std::string& text, char delimiter = ',') {
  Batch batch;
  batch.range = {0, text.size()};
  batch.text = text.size();
  BatchSummer summer(Dialect{delimiter});
  const uint64_t rows = summer.answer(batch, text);
  return {std::string(summer.lines()), summer.rejects(), rows};
}

/// The answer of every level must be that of the scalar code. Other tests compare that with the
/// reference and with arbitrary precision.
void check_levels(const std::string& text, char delimiter = ',') {
  const SimdLevel best = simd_level();
  set_simd_level(SimdLevel::scalar);
  const Answer expected = answer(text, delimiter);
  for (const SimdLevel level :
       {SimdLevel::sse4, SimdLevel::avx2, SimdLevel::avx512, SimdLevel::neon}) {
    if (!has_simd_level(level)) continue;
    set_simd_level(level);
    if (answer(text, delimiter) == expected) continue;
    CAPTURE(static_cast<int>(level));
    FAIL(text.substr(0, 2000));
  }
  set_simd_level(best);
}

class Rows {
 public:
  explicit Rows(uint32_t seed) : random_(seed) {}

  size_t below(size_t limit) { return random_() % limit; }

  std::string digits(size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('0' + below(10));
    return text;
  }

  /// `unplain`: one of so many fields is not plain.
  std::string field(size_t most_digits, size_t unplain) {
    const std::string sign = below(4) == 0 ? "-" : "";
    const std::string plain = sign + digits(1 + below(most_digits));
    if (below(unplain) != 0) return plain;
    switch (below(12)) {
      case 0:
        return '"' + plain + '"';
      case 1:
        return ' ' + plain + "\t ";
      case 2:
        return "";
      case 3:
        return "-";
      case 4:
        return '+' + plain;
      case 5:
        return "--1";
      case 6:
        return "1-1";
      case 7:
        return "\"1,2\n3\"";
      case 8:
        return "\" " + plain + '"';
      case 9:
        return digits(20 + below(60));
      case 10:
        return "-" + std::string(15 + below(10), '0') + digits(5);
      default:
        return "x";
    }
  }

  std::string text(size_t bytes, size_t most_digits, size_t fields, size_t unplain) {
    std::string text;
    const char* const row_ends[] = {"\n", "\r\n", "\r"};
    const size_t row_end = below(4);
    while (text.size() < bytes) {
      if (below(50) != 0) {
        text += field(most_digits, unplain);
        for (size_t i = below(fields); i > 0; --i) text += ',' + field(most_digits, unplain);
      }
      text += row_ends[row_end == 3 ? below(3) : row_end];
    }
    if (below(2)) text += field(most_digits, unplain);
    return text;
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("sum_rows: all widths of fields, on every level") {
  Rows rows(1);
  for (const size_t most_digits : {1, 2, 3, 4, 9, 10, 11, 18, 19, 20, 25}) {
    for (const size_t fields : {1, 3, 20, 200}) {
      for (const size_t unplain : {1'000'000, 30, 3}) {
        for (int i = 0; i < 12; ++i) check_levels(rows.text(100, most_digits, fields, unplain));
        check_levels(rows.text(40'000, most_digits, fields, unplain));
      }
    }
  }
}

TEST_CASE("sum_rows: rows and fields longer than the stretch that is looked at") {
  Rows rows(2);
  for (int i = 0; i < 20; ++i) {
    check_levels(rows.text(60'000, 3, 9'000, 1'000'000));
    check_levels(rows.text(60'000, 10, 9'000, 100));
    check_levels(rows.digits(20'000 + rows.below(30'000)) + ",1\n2,3\n");
    check_levels("1,\"" + rows.digits(20'000) + "\"," + rows.digits(17'000) + "\r\n4,\n");
    check_levels(std::string(16'384 - 5 + rows.below(10), '7') + "\n-" + rows.digits(5));
    check_levels(std::string(8'190, '7') + std::string(10, '\n') + rows.text(17'000, 2, 5, 50));
  }
}

TEST_CASE("sum_rows: the text ends with a delimiter after a field longer than a stretch") {
  for (const size_t digits : {16'382, 16'383, 16'384, 16'385, 20'000, 40'000}) {
    for (const char* before : {"", "1,2\n", "\n\n", "7,"}) {
      check_levels(before + std::string(digits, '1') + ",");
      check_levels(before + ('"' + std::string(digits, '1') + "\","));
    }
  }
}

TEST_CASE("sum_rows: the extremes of every place") {
  for (size_t digits = 1; digits <= 26; ++digits) {
    std::string text;
    for (size_t fields = 1; fields < 100; ++fields) {
      for (size_t i = 0; i < fields; ++i) {
        text += (i ? "," : "") + std::string(digits, '9');
      }
      text += "\n";
      for (size_t i = 0; i < fields; ++i) {
        text += std::string(i ? ",-" : "-") + std::string(digits, '9');
      }
      text += "\n";
    }
    check_levels(text);
  }
}

TEST_CASE("sum_rows: any number of rows of single digits, and what may come then") {
  Rows rows(5);
  for (const size_t count : {1, 255, 256, 257, 511, 512, 513, 1025}) {
    for (const char* then : {"", "1", "1,2", "12\n", "-3,4\n", "x\n", "\n", "5\r\n6\n"}) {
      std::string text;
      for (size_t i = 0; i < count; ++i) {
        for (size_t fields = rows.below(40); fields > 0; --fields) text += rows.digits(1) + ",";
        text += rows.digits(1) + "\n";
      }
      check_levels(text + then);
      check_levels(text + then + (*then ? "\n" : "") + text);
    }
  }
}

TEST_CASE("sum_rows: few digits, in rows about as long as the running sums' reach") {
  for (const std::string field : {"999,", "-999,", "99,", "-9,", "9,"}) {
    for (size_t fields = 100 / field.size(); fields < 420 / field.size(); ++fields) {
      std::string row;
      for (size_t i = 0; i < fields; ++i) row += field;
      row.pop_back();
      // Once at an even position and once at an odd one.
      check_levels(row + "\n" + row + "\r\n1\n" + row + "\n12\n" + row);
    }
  }
}

TEST_CASE("sum_rows: the first field that is too long for what the stretch began with") {
  const std::string row = "1,23,-456\n";
  for (const size_t digits : {3, 4, 10, 11, 24, 25, 60}) {
    const std::string field(digits, '9');
    for (size_t at = 0; at < 60; ++at) {
      std::string text(at % 3 + 1, '7');
      for (size_t i = 0; i < at; ++i) text += ',' + std::string(1 + i % 3, '8');
      check_levels(text + "," + field + "\n" + row + row);
      check_levels(row + row + "-" + field + "," + text + "\n" + row);
      check_levels(text + ",0" + field + ",\"x\"\n" + text + ",\" -" + field + "\t\"\n" + row);
    }
  }
}

TEST_CASE("sum_rows: rows that go on after the stretch, and what they may go on with") {
  Rows rows(3);
  for (const char* special :
       {"-12", "007", "\"-3\"", " +4\t", "\"5\n6\"", "x", "", "-", "\"7,8\"", "12345678901",
        "-123456789012345678901234", "\"\n\n\"", "1234567890123456789012345"}) {
    for (size_t bytes = 16'384 - 30; bytes < 16'384 + 8; ++bytes) {
      for (const size_t row_ends : {0, 1, 40}) {
        std::string text;
        while (text.size() < bytes) {
          const bool ends_row = row_ends > 0 && rows.below(4000 / row_ends) == 0;
          text += rows.digits(1 + rows.below(3)) + (ends_row ? "\n" : ",");
        }
        text.resize(bytes - 1, '1');
        check_levels(text + "," + special + ",1\r\n2,3\r\n");
        check_levels(text + "\r\n" + special + "\r\n\r\n2,3");
      }
    }
  }
}

TEST_CASE("sum_rows: rows of every length with fields that are good, but not plain") {
  Rows rows(4);
  for (const char delimiter : {',', ' ', '\t', '+', ';'}) {
    for (size_t most_digits = 1; most_digits < 28; most_digits += 3) {
      std::string text;
      while (text.size() < 70'000) {
        for (size_t fields = rows.below(rows.below(50) == 0 ? 900 : 9); fields > 0; --fields) {
          const std::string digits = rows.digits(1 + rows.below(most_digits));
          const char* const forms[] = {"#",  "#",     "#",        "-#", "\"#\"", "\"-#\"",
                                       " #", "\t-# ", "\" +# \"", "+#", "\"# \""};
          std::string field = forms[rows.below(std::size(forms))];
          text += field.replace(field.find('#'), 1, digits) + (fields > 1 ? delimiter : '\n');
        }
        if (rows.below(10) == 0) text += rows.below(2) ? "\n" : "\r\n";
      }
      check_levels(text, delimiter);
    }
  }
}
