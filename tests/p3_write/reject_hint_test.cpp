// SPDX-License-Identifier: MIT
#include "p3_write/reject_hint.h"

#include <doctest/doctest.h>

#include <boost/algorithm/string/join.hpp>
#include <string_view>

#include "common/csv/field_parser.h"
#include "common/worker/reasons.h"

using namespace rowsum;
using namespace std::literals;

namespace {

constexpr const char* header = "if the first row is a header: --header";
constexpr const char* fields = "to sum only some fields: -f LIST";
constexpr const char* integers = "only integers are summed";
constexpr const char* zero = "to take it for zero: --empty=zero";
constexpr const char* utf16 = "if this is UTF-16, first: iconv -f UTF-16 -t UTF-8";

std::string hint(std::string_view row, uint64_t field, uint64_t number = 1,
                 const Hello& hello = {}) {
  Reject reject;
  reject.field = field;
  reject.bytes = row;
  FieldParser parser(hello.dialect);
  const char* const end = row.data() + row.size();
  const char* at = parser.parse(row.data(), end);
  for (uint64_t i = 1; i < field && at != end; ++i) at = parser.parse(at + 1, end);
  reject.reason = not_an_integer(parser.value());
  return boost::algorithm::join(hints_about(reject, number, hello), "; ");
}

}  // namespace

TEST_CASE("hints: a header row is the first one") {
  CHECK(hint("id,price\n", 1, 0) == header);
  CHECK(hint("1.5 percent,price\n", 1, 0) == header);
  CHECK(hint("\xC3\xA4\r\n", 1, 0) == header);
  CHECK(hint("id,price\n", 1, 1) == "");
  CHECK(hint("name,2024\n", 1, 0) == std::string(header) + "; " + fields);
  CHECK(hint("1_000\n", 1, 0) == "");
  Hello hello;
  hello.header = HeaderRow::skip;
  CHECK(hint("id,price\n", 1, 0, hello) == "");
}

TEST_CASE("hints: a column of text") {
  CHECK(hint("1,abc,2\n", 2) == fields);
  CHECK(hint("2024-11-24,\"2\"", 1) == fields);
  CHECK(hint("abc", 1) == "");
  Hello hello;
  hello.fields.list = "2";
  CHECK(hint("1,abc,2\n", 2, 1, hello) == "");
}

TEST_CASE("hints: an empty field") {
  CHECK(hint("1,,2\n", 2) == zero);
  CHECK(hint("1, \n", 2) == zero);
  CHECK(hint("\"\"", 1, 0) == zero);
}

TEST_CASE("hints: numbers that are no integers") {
  for (const char* value :
       {"1.5", "-1.5", "+.5", "1.", " 2.0 ", "1e3", "1E+3", "2.5e-10", "1,5", "-,5"}) {
    CAPTURE(value);
    CHECK(hint("\"" + std::string(value) + "\"\n", 1, 0) == integers);
    CHECK(hint("7,\"" + std::string(value) + "\"\n", 2) == integers);
  }
  for (const char* value : {".", "e3", "1e", "1e+", "1.2.3", "1.5x", "-", "1 5", ".e1", "0x1p3"}) {
    CAPTURE(value);
    CHECK(hint("\"" + std::string(value) + "\",7\n", 1) == fields);
  }
}

TEST_CASE("hints: another delimiter, in rows of one field") {
  CHECK(hint("1;2;3\n", 1) == "if ';' is between the fields: -d ';'");
  CHECK(hint("a;b\n", 1, 0) == "if ';' is between the fields: -d ';'");
  CHECK(hint("1|2\n", 1) == "if '|' is between the fields: -d '|'");
  CHECK(hint("1\t2\n", 1) == "if tabs are between the fields: -d tab");
  CHECK(hint("1;2,3\n", 1) == fields);
  Hello hello;
  hello.dialect.delimiter = ';';
  CHECK(hint("1,2,3\n", 1, 1, hello) == "if ',' is between the fields: -d ','");
  CHECK(hint("\"1;2\"\n", 1, 1, hello) == "");
}

TEST_CASE("hints: UTF-16, with and without a mark, and cut anywhere") {
  CHECK(hint("\xFF\xFE\x31\0\n"sv, 1, 0) == utf16);
  CHECK(hint("\xFE\xFF\0\x31\0\n"sv, 1, 0) == utf16);
  CHECK(hint("1\0,\0x\0\n"sv, 1, 0) == "if this is UTF-16, first: iconv -f UTF-16LE -t UTF-8");
  CHECK(hint("\0001\0,\0x\0\n"sv, 1, 0) == "if this is UTF-16, first: iconv -f UTF-16BE -t UTF-8");
  CHECK(hint("\0001\0,\0002\0\n"sv, 1) == utf16);
  CHECK(hint("\0x"sv, 1) == utf16);
  CHECK(hint("1\0,x\n"sv, 2) == "");
  CHECK(hint("\0\n"sv, 1) == "");
}

TEST_CASE("hints: none about a whole row, for another reason, or about a field that there is not") {
  CHECK(hint("id,price\n", 0, 0) == "");
  CHECK(hints_about({0, 2, 2, 0, "it is too small", "1,x\n"}, 0, Hello()).empty());
  CHECK(hints_about({0, 1, 0, 0, too_large("99999999999999999999"), "99999999999999999999,x\n"}, 0,
                    Hello())
            .empty());
  CHECK(hint("1,x\n", 3) == "");
  CHECK(hint("", 1, 0) == zero);
}
