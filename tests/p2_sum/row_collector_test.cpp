// SPDX-License-Identifier: MIT
#include "p2_sum/row_collector.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rowsum {

namespace {

struct Collected {
  std::string lines;
  std::vector<Reject> rejects;
};

/// Gives each field of one row to add_field(). `plain`: the sum of other fields of this row.
Collected collected(const std::string& row, Int128 plain = 0, uint64_t index = 0,
                    bool empty_is_zero = false) {
  RowCollector collector(Dialect{}, empty_is_zero);
  Batch batch;
  batch.range = {0, row.size()};
  batch.text = row.size();
  batch.first_row = index;
  collector.begin(batch, row);
  const char* end = collector.add_field(collector.row());
  while (end != collector.text_end && *end == ',') end = collector.add_field(end + 1);
  CHECK(collector.finish_row(end, plain) == collector.text_end);
  CHECK(collector.rows == 1);
  return {std::string(collector.lines.lines()), collector.rejects};
}

}  // namespace

TEST_CASE("row_collector: sums about every limit") {
  for (const std::string digits :
       {"1", "999999999999999999", "1000000000000000000", "9223372036854775806",
        "9223372036854775807", "9223372036854775808", "9223372036854775809", "9999999999999999999",
        "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105727",
        "170141183460469231731687303715884105728"}) {
    CHECK(collected(digits + "\n", 0, 3).lines == "3," + digits + "\n");
    CHECK(collected("-" + digits + "\n", 0, 3).lines == "3,-" + digits + "\n");
  }
  const std::string digits(1000, '7');
  CHECK(collected("-" + digits, 0, UINT64_MAX - 1).lines ==
        "18446744073709551614,-" + digits + "\n");
}

TEST_CASE("row_collector: small summands, and a sum that is not") {
  CHECK(collected("9223372036854775807").lines == "0,9223372036854775807\n");
  CHECK(collected("9223372036854775807,1").lines == "0,9223372036854775808\n");
  CHECK(collected("9223372036854775807,1,-1").lines == "0,9223372036854775807\n");
  CHECK(collected("-9223372036854775808").lines == "0,-9223372036854775808\n");
  CHECK(collected("-9223372036854775808,-1").lines == "0,-9223372036854775809\n");
}

TEST_CASE("row_collector: an empty field is no integer, or 0") {
  const auto is_rejected = [](const std::string& row, bool empty_is_zero) {
    const Collected is = collected(row, 0, 0, empty_is_zero);
    CHECK(is.rejects.size() == (is.lines.empty() ? 1 : 0));
    return is.lines.empty();
  };
  for (const std::string row : {",", "1,\n", ",1\r\n", "1,,2\n", " , \t\v\f\n", "\"\",1\n",
                                "1,\" \"\n", "\"\r\n\",\n", "\"\"\n", " \n"}) {
    CAPTURE(row);
    CHECK(is_rejected(row, false));
    CHECK_FALSE(is_rejected(row, true));
  }
  CHECK(collected(",", 0, 0, true).lines == "0,0\n");
  CHECK(collected("1,,-2,\"\"\n", 10, 7, true).lines == "7,9\n");
  CHECK(collected(",99999999999999999999\n", 0, 0, true).lines == "0,99999999999999999999\n");
  // What is not empty is no integer, either way.
  for (const std::string row : {",x\n", "-,\n", "+\n", "\"\"\"\"\n", "\" x\"\n"}) {
    CAPTURE(row);
    CHECK(is_rejected(row, false));
    CHECK(is_rejected(row, true));
  }
  // The reject is about the first field that is bad, and the empty ones before it count.
  const Collected bad = collected(",,x,y\n", 0, 0, true);
  REQUIRE(bad.rejects.size() == 1);
  CHECK(bad.rejects[0] == Reject{0, 3, 2, 0, "'x' is not an integer", ",,x,y\n"});
}

TEST_CASE("row_collector: fields that others have summed") {
  CHECK(collected("1", INT64_MAX).lines == "0,9223372036854775808\n");
  CHECK(collected("-2", Int128{INT64_MAX} + 1).lines == "0,9223372036854775806\n");
  // A blank line is no field.
  CHECK(collected("\n", Int128{INT64_MIN} - 1).lines == "0,-9223372036854775809\n");
  CHECK(collected("\n").lines == "0,0\n");
}

}  // namespace rowsum
