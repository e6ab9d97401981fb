#include "p3_write/line_form.h"

#include <doctest/doctest.h>

#include <string>

#include "common/base/report.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

const std::string lines = "0,1\n1,-22\n3,99999999999999999999999999\n";
constexpr LineForm plain;
constexpr LineForm crlf{true, true};
constexpr LineForm no_index{false, false};
constexpr LineForm crlf_no_index{true, false};

}  // namespace

TEST_CASE("line_form: which form needs no work") {
  CHECK(plain.is_plain());
  CHECK_FALSE(crlf.is_plain());
  CHECK_FALSE(no_index.is_plain());
  CHECK_FALSE(crlf_no_index.is_plain());
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
    for (const LineForm& form : {plain, crlf, no_index}) {
      CAPTURE(printable(bad));
      const Thrown thrown = thrown_by([&] { reformat(bad, form, 0, "out.0"); });
      CHECK(thrown.status == ExitStatus::bad_data);
      CHECK(thrown.message == "out.0: a result whose lines are not \"index,sum\"");
    }
  }
}

}  // namespace rowsum
