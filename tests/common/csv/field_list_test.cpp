// SPDX-License-Identifier: MIT
#include "common/csv/field_list.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <stdexcept>

using namespace rowsum;

namespace rowsum {

doctest::String toString(const FieldRange& range) {
  const std::string last = range.is_open() ? "" : std::to_string(range.last);
  return (std::to_string(range.first) + "-" + last).c_str();
}

}  // namespace rowsum

namespace {

using Ranges = std::vector<FieldRange>;
constexpr uint64_t no_last = FieldRange::no_last;

Ranges ranges_of(std::string_view list) {
  return FieldList::parse(list, false).ranges();
}
Ranges complement_of(std::string_view list) {
  return FieldList::parse(list, true).ranges();
}
Ranges resolved(std::string_view list, std::string_view header_row, Dialect dialect = {}) {
  return FieldList::parse(list, false).resolve(header_row, dialect).ranges();
}

/// What the std::invalid_argument says that `call` throws.
template <typename Call>
std::string complaint_of(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& wrong) {
    return wrong.what();
  }
  return "nothing was thrown";
}
std::string complaint_about(std::string_view list) {
  return complaint_of([list] { FieldList::parse(list, false); });
}

}  // namespace

TEST_CASE("field list: numbers and ranges") {
  CHECK(ranges_of("3") == Ranges{{3, 3}});
  CHECK(ranges_of("1-4") == Ranges{{1, 4}});
  CHECK(ranges_of("4-4") == Ranges{{4, 4}});
  CHECK(ranges_of("5-") == Ranges{{5, no_last}});
  CHECK(ranges_of("-2") == Ranges{{1, 2}});
  CHECK(ranges_of("007") == Ranges{{7, 7}});
  CHECK(ranges_of("18446744073709551614") == Ranges{{no_last - 1, no_last - 1}});
}

TEST_CASE("field list: ranges are sorted and joined") {
  CHECK(ranges_of("5,1,3") == Ranges{{1, 1}, {3, 3}, {5, 5}});
  CHECK(ranges_of("2,1") == Ranges{{1, 2}});
  CHECK(ranges_of("1-3,4-5") == Ranges{{1, 5}});
  CHECK(ranges_of("1-3,5-6") == Ranges{{1, 3}, {5, 6}});
  CHECK(ranges_of("2-9,3-4,8-10") == Ranges{{2, 10}});
  CHECK(ranges_of("4-,2-,7") == Ranges{{2, no_last}});
  CHECK(ranges_of("3,3,3") == Ranges{{3, 3}});
}

TEST_CASE("field list: the complement") {
  CHECK(complement_of("2") == Ranges{{1, 1}, {3, no_last}});
  CHECK(complement_of("1") == Ranges{{2, no_last}});
  CHECK(complement_of("3-") == Ranges{{1, 2}});
  CHECK(complement_of("2-3,5,9-") == Ranges{{1, 1}, {4, 4}, {6, 8}});
  CHECK(complement_of("1-").empty());
}

TEST_CASE("field list: whether all fields are selected") {
  CHECK(FieldList::parse("1-", false).selects_all());
  CHECK(FieldList::parse("3-,-2", false).selects_all());
  CHECK_FALSE(FieldList::parse("2-", false).selects_all());
  CHECK_FALSE(FieldList::parse("-1000000", false).selects_all());
  CHECK_FALSE(FieldList::parse("1-", true).selects_all());
}

TEST_CASE("field list: random lists select what they name") {
  std::mt19937 random(1);
  constexpr uint64_t most = 12;
  for (int i = 0; i < 20'000; ++i) {
    std::string list;
    std::set<uint64_t> named;
    for (auto left = 1 + random() % 4; left > 0; --left) {
      const uint64_t first = 1 + random() % most, last = first + random() % (most + 1 - first);
      const bool is_open = random() % 8 == 0;
      if (!list.empty()) list += ',';
      list += std::to_string(first) + "-" + (is_open ? "" : std::to_string(last));
      for (uint64_t n = first; n <= (is_open ? most : last); ++n) named.insert(n);
    }
    CAPTURE(list);
    const Ranges ranges = ranges_of(list), others = complement_of(list);
    for (const Ranges& disjoint : {ranges, others}) {
      for (size_t k = 1; k < disjoint.size(); ++k) {
        REQUIRE(disjoint[k - 1].last < disjoint[k].first - 1);
      }
    }
    const auto has = [](const Ranges& in, uint64_t n) {
      bool is_found = false;
      for (const FieldRange& range : in) is_found |= range.first <= n && n <= range.last;
      return is_found;
    };
    for (uint64_t n = 1; n <= most; ++n) {
      REQUIRE(has(ranges, n) == (named.count(n) > 0));
      REQUIRE(has(others, n) == (named.count(n) == 0));
    }
  }
}

TEST_CASE("field list: names") {
  CHECK_FALSE(FieldList::parse("1,2-3", false).has_names());
  CHECK(FieldList::parse("1,price", false).has_names());
  CHECK_FALSE(FieldList::parse("price", false).resolve("price", {}).has_names());
  CHECK(resolved("price", "id,price,tax\n") == Ranges{{2, 2}});
  CHECK(resolved("tax,5-,id", "id,price,tax\r\n") == Ranges{{1, 1}, {3, 3}, {5, no_last}});
  CHECK(resolved("tax", "id;price;tax", {';'}) == Ranges{{3, 3}});
  CHECK(resolved("2", "2,1") == Ranges{{2, 2}});  // a number, as always
}

TEST_CASE("field list: a name selects all columns of exactly this name") {
  CHECK(resolved("x", "x,y,x,X,xx,x ") == Ranges{{1, 1}, {3, 3}});
  CHECK(resolved(" x", "x, x") == Ranges{{2, 2}});
  CHECK(resolved("1-2-3,1.5", "1.5,x,1-2-3") == Ranges{{1, 1}, {3, 3}});
}

TEST_CASE("field list: names in quotes") {
  CHECK(resolved("\"a,b\"", "a,\"a,b\",b") == Ranges{{2, 2}});
  CHECK(resolved("\"say \"\"hi\"\"\"", "\"say \"\"hi\"\"\",x") == Ranges{{1, 1}});
  CHECK(resolved("price", "id,\"price\"") == Ranges{{2, 2}});
  CHECK(resolved("\"two\nlines\"", "1,\"two\nlines\"\n") == Ranges{{2, 2}});
  CHECK(resolved("\"2024\"", "2023,2024") == Ranges{{2, 2}});
  CHECK(resolved("\"\"", ",x,\"\"") == Ranges{{1, 1}, {3, 3}});
  CHECK(resolved("\"a;b\"", "x;\"a;b\"", {';'}) == Ranges{{2, 2}});
  CHECK(resolved("a\"b", "a\"b") == Ranges{{1, 1}});  // no quoted field, so it is a plain quote
}

TEST_CASE("field list: the complement of names") {
  const FieldList list = FieldList::parse("x,4", true);
  CHECK(list.resolve("a,x,b", {}).ranges() == Ranges{{1, 1}, {3, 3}, {5, no_last}});
}

TEST_CASE("field list: what is wrong with a list") {
  CHECK(complaint_about("") == "the list is empty");
  CHECK(complaint_about("1,,2") == "an item is empty");
  CHECK(complaint_about("1,") == "an item is empty");
  CHECK(complaint_about("0") == "'0' is no field: the first one is 1");
  CHECK(complaint_about("0-3") == "'0-3' is no field: the first one is 1");
  CHECK(complaint_about("-0") == "'-0' is no field: the first one is 1");
  CHECK(complaint_about("1,4-2") == "'4-2' is a decreasing range");
  CHECK(complaint_about("-") == "'-' is a range without numbers");
  CHECK(complaint_about("18446744073709551615") == "'18446744073709551615' is too large");
  CHECK(complaint_about("2-18446744073709551616") == "'2-18446744073709551616' is too large");
  CHECK(complaint_about("\"a") == "a quote is not closed");
  CHECK(complaint_about("1\n2") == "a row end is not in quotes");
  CHECK(complaint_about("1\r\n") == "a row end is not in quotes");
  CHECK(complaint_about(std::string(1000, '9')).size() < 100);
}

TEST_CASE("field list: a name that no column has") {
  const auto complaint = [](std::string_view list, std::string_view header_row) {
    return complaint_of([&] { resolved(list, header_row); });
  };
  CHECK(complaint("pirce", "id,price,\"a,b\"\n") ==
        "no column is named \"pirce\"; there are id, price, \"a,b\"");
  CHECK(complaint("1,id,x", "id") == "no column is named \"x\"; there is only id");
  CHECK(complaint("x", "\n") == "no column is named \"x\": the header row is blank");
  CHECK(complaint("x", "") == "no column is named \"x\": the header row is blank");
  // Each name of the list stands there as it has to be written to select its column.
  CHECK(complaint("x", "2024,1-2,,\"say \"\"hi\"\"\"") ==
        "no column is named \"x\"; there are \"2024\", \"1-2\", \"\", \"say \"\"hi\"\"\"");
  CHECK(complaint("\"a\"\"\nb\"", "\"c\nd\",e\tf") ==
        "no column is named \"a\"\"\\nb\"; there are \"c\\nd\", e\\tf");

  std::string many = "first";
  for (int i = 0; i < 1000; ++i) many += ",column " + std::to_string(i);
  const std::string about_many = complaint("x", many);
  CHECK(about_many.starts_with("no column is named \"x\"; there are first, column 0, column 1, "));
  CHECK(about_many.ends_with(", ..."));
  CHECK(about_many.size() < 400);
  const std::string long_name(1'000'000, '\x01');
  CHECK(complaint(long_name, long_name + "," + long_name + "y,z").size() < 1000);
}
