// SPDX-License-Identifier: MIT
#include "p3_write/line_form.h"

#include <doctest/doctest.h>

#include <string>

#include "common/base/report.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

const std::string lines = "0,1\n1,-22\n3,99999999999999999999999999\n";
constexpr LineForm plain;
constexpr LineForm crlf{.crlf = true};
constexpr LineForm no_index{.has_index = false};
constexpr LineForm crlf_no_index{.crlf = true, .has_index = false};
constexpr LineForm tsv{.delimiter = '\t'};
constexpr LineForm json{.is_json = true};
constexpr LineForm json_lines{.is_json = true, .lines = LineKind::text};

/// The same form with CR LF.
LineForm with_crlf(LineForm form) {
  form.crlf = true;
  return form;
}

LineForm without_index(LineForm form) {
  form.has_index = false;
  return form;
}

}  // namespace

TEST_CASE("line_form: which form needs no work") {
  CHECK(plain.is_plain());
  CHECK_FALSE(crlf.is_plain());
  CHECK_FALSE(no_index.is_plain());
  CHECK_FALSE(crlf_no_index.is_plain());
  CHECK_FALSE(tsv.is_plain());
  CHECK_FALSE(json.is_plain());
  CHECK(LineForm{.has_header = true}.is_plain());
  CHECK(LineForm{.lines = LineKind::text}.is_plain());
}

TEST_CASE("line_form: no lines") {
  CHECK(reformat("", plain, 0, "out.0") == "");
  CHECK(reformat("", crlf, 7, "out.0") == "");
}

TEST_CASE("line_form: the forms") {
  CHECK(reformat(lines, plain, 0, "out.0") == lines);
  CHECK(reformat(lines, crlf, 0, "out.0") == "0,1\r\n1,-22\r\n3,99999999999999999999999999\r\n");
  CHECK(reformat(lines, no_index, 0, "out.0") == "1\n-22\n99999999999999999999999999\n");
  CHECK(reformat(lines, crlf_no_index, 0, "out.0") == "1\r\n-22\r\n99999999999999999999999999\r\n");
}

TEST_CASE("line_form: another delimiter") {
  CHECK(reformat(lines, tsv, 0, "out.0") == "0\t1\n1\t-22\n3\t99999999999999999999999999\n");
  CHECK(reformat(lines, with_crlf(tsv), 0, "out.0") ==
        "0\t1\r\n1\t-22\r\n3\t99999999999999999999999999\r\n");
  CHECK(reformat("7,1\n", {.delimiter = '\xff'}, 2, "out.0") ==
        "9\xff"
        "1\n");
  CHECK(reformat(lines, without_index(tsv), 0, "out.0") == reformat(lines, no_index, 0, "out.0"));
}

TEST_CASE("line_form: JSON") {
  CHECK(reformat(lines, json, 0, "out.0") ==
        "{\"index\":0,\"sum\":1}\n{\"index\":1,\"sum\":-22}\n"
        "{\"index\":3,\"sum\":99999999999999999999999999}\n");
  CHECK(reformat(lines, without_index(json), 0, "out.0") ==
        "{\"sum\":1}\n{\"sum\":-22}\n{\"sum\":99999999999999999999999999}\n");
  CHECK(reformat("7,1\n", with_crlf(json), 5, "out.0") == "{\"index\":12,\"sum\":1}\r\n");
  CHECK(reformat("7,1\n", with_crlf(without_index(json)), 5, "out.0") == "{\"sum\":1}\r\n");
  CHECK(reformat("18446744073709551615,0\n", json, 0, "out.0") ==
        "{\"index\":18446744073709551615,\"sum\":0}\n");
}

TEST_CASE("line_form: JSON with text in place of sums") {
  const auto form_of = [](const std::string& text) {
    return reformat("3," + text + "\n", json_lines, 0, "out.0");
  };
  CHECK(form_of("") == "{\"index\":3,\"line\":\"\"}\n");
  CHECK(form_of("a, b") == "{\"index\":3,\"line\":\"a, b\"}\n");
  CHECK(form_of("12") == "{\"index\":3,\"line\":\"12\"}\n");
  CHECK(form_of("say \"a\\b\"") == "{\"index\":3,\"line\":\"say \\\"a\\\\b\\\"\"}\n");
  CHECK(form_of("\t\r\b\f") == "{\"index\":3,\"line\":\"\\t\\r\\b\\f\"}\n");
  CHECK(form_of(std::string("\0\x01\x1f\x20\x7f", 5)) ==
        "{\"index\":3,\"line\":\"\\u0000\\u0001\\u001f \x7f\"}\n");
  CHECK(form_of("\u00e9 \xff") == "{\"index\":3,\"line\":\"\u00e9 \xff\"}\n");
  CHECK(reformat("3,a\r\n", with_crlf(json_lines), 0, "out.0") ==
        "{\"index\":3,\"line\":\"a\\r\"}\r\n");
  CHECK(reformat("3,a\n4,\"\n", without_index(json_lines), 0, "out.0") ==
        "{\"line\":\"a\"}\n{\"line\":\"\\\"\"}\n");
}

TEST_CASE("line_form: long lines, all of whose bytes are escaped") {
  const std::string text(100'000, '\x02');
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) escaped += "\\u0002";
  CHECK(reformat("0," + text + "\n1,2\n", json_lines, 0, "out.0") ==
        "{\"index\":0,\"line\":\"" + escaped + "\"}\n{\"index\":1,\"line\":\"2\"}\n");
}

TEST_CASE("line_form: text in place of sums stays as it is outside JSON") {
  constexpr LineForm form{.lines = LineKind::text};
  CHECK(reformat("0,a,\"b\r\n", form, 3, "out.0") == "3,a,\"b\r\n");
  CHECK(reformat("0,a,\"b\r\n", with_crlf(form), 0, "out.0") == "0,a,\"b\r\r\n");
  CHECK(reformat("0,a,\tb\n", {.delimiter = '\t'}, 0, "out.0") == "0\ta,\tb\n");
}

TEST_CASE("line_form: headers") {
  const auto header_of = [](const LineForm& form) {
    return header_line(form, name_of_values(form));
  };
  CHECK(header_of({.is_json = true}) == "");
  CHECK(header_line(plain, "a,b") == "index,a,b\n");
  CHECK(header_of(plain) == "index,sum\n");
  CHECK(header_of(crlf) == "index,sum\r\n");
  CHECK(header_of(no_index) == "sum\n");
  CHECK(header_of(with_crlf(tsv)) == "index\tsum\r\n");
  CHECK(header_of({.lines = LineKind::text}) == "index,line\n");
  CHECK(header_of({.has_index = false, .lines = LineKind::text}) == "line\n");
}

TEST_CASE("line_form: the base is added to every index") {
  CHECK(reformat(lines, plain, 9, "out.0") == "9,1\n10,-22\n12,99999999999999999999999999\n");
  CHECK(reformat(lines, crlf, 1'000'000'000'000, "out.0") ==
        "1000000000000,1\r\n1000000000001,-22\r\n1000000000003,99999999999999999999999999\r\n");
  CHECK(reformat(lines, no_index, 9, "out.0") == reformat(lines, no_index, 0, "out.0"));
}

TEST_CASE("line_form: what another program's worker may add behind the comma") {
  CHECK(reformat("0,1,2\n1,\n", crlf, 5, "out.0") == "5,1,2\r\n6,\r\n");
}

TEST_CASE("line_form: what is no line") {
  for (const char* bad :
       {"0", "0,1", "0,1\n1,2", "0\n", "\n", "0,1\n\n", "1\n2,3\n", ",1\n", "x,1\n", "-1,2\n",
        " 1,2\n", "1 ,2\n", "1x,2\n", "99999999999999999999,1\n"}) {
    for (const LineForm& form : {plain, crlf, no_index, tsv, json, json_lines}) {
      CAPTURE(printable(bad));
      const Thrown thrown = thrown_by([&] { reformat(bad, form, 0, "out.0"); });
      CHECK(thrown.status == ExitStatus::bad_data);
      CHECK(thrown.message == "out.0: a result whose lines are not \"index,sum\"");
    }
  }
}

TEST_CASE("line_form: what is no sum") {
  for (const char* bad :
       {"", "-", "x", "1x", "1 ", " 1", "+1", "01", "-01", "1.5", "1,2", "--1", "1\r"}) {
    CAPTURE(printable(bad));
    const Thrown thrown =
        thrown_by([&] { reformat("0,1\n1," + std::string(bad) + "\n", json, 0, "out.0"); });
    CHECK(thrown.status == ExitStatus::bad_data);
    CHECK(thrown.message == "out.0: a result whose lines are not \"index,sum\"");
  }
}

}  // namespace rowsum
