// SPDX-License-Identifier: MIT
#include "p1_read/part_files.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/files.h"
#include "tests/support/parts.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

const std::string text = "1,2\n\"3\n\",4\r\n5\r6\n";

PartOutline outline() {
  DividedFile file = divided(text, 3);
  file.identity.hash[0] = UINT64_MAX;
  file.dialect.delimiter = '\xb7';
  file.has_header = true;
  file.rows_begin = 4;
  return outlines_of(file, text)[1].part;
}

std::string replaced(const std::string& json, const std::string& what, const std::string& by) {
  const size_t at = json.find(what);
  REQUIRE(at != json.npos);
  return json.substr(0, at) + by + json.substr(at + what.size());
}

bool is_no_part_file(const std::string& json) {
  const Thrown outline = thrown_by([&] { parse_outline(json, "FILE"); });
  const Thrown plan = thrown_by([&] { parse_plan(json, "FILE"); });
  const Thrown no_outline{ExitStatus::bad_data, "FILE: no outline of p1_read, or a damaged one"};
  const Thrown no_plan{ExitStatus::bad_data, "FILE: no plan of p1_read, or a damaged one"};
  return outline == no_outline && plan == no_plan;
}

}  // namespace

TEST_CASE("part files: outlines and plans come back from JSON") {
  CHECK(parse_outline(to_json(outline()), "") == outline());
  for (uint64_t parts = 1; parts <= text.size() + 1; ++parts) {
    const Plan plan = plan_of(text, parts);
    CHECK(parse_plan(to_json(plan), "") == plan);
  }
}

TEST_CASE("part files: what is cut off, or is something else, is refused") {
  const std::string outline_json = to_json(outline()), plan = to_json(plan_of(text, 3));
  for (const std::string& json : {outline_json, plan}) {
    for (size_t size = 0; size + 2 < json.size(); ++size)
      CHECK(is_no_part_file(json.substr(0, size)));
    CHECK(is_no_part_file(json + "1"));
  }
  for (const std::string json :
       {"", " ", "null", "1", "\"\"", "[]", "{}", "[1]", "{\"outline\":[]}", "{\"outline\":{}}",
        "{\"plan\":1}", "{\"plan\":null}", "\xff"}) {
    CAPTURE(json);
    CHECK(is_no_part_file(json));
  }
  CHECK(is_no_part_file(std::string(1'000'000, '[')));
  CHECK(thrown_by([&] { parse_plan(outline_json, "FILE"); }).status == ExitStatus::bad_data);
  CHECK(thrown_by([&] { parse_outline(plan, "FILE"); }).status == ExitStatus::bad_data);
}

TEST_CASE("part files: an outline that cannot be") {
  const std::string json = to_json(outline());
  const auto with = [&](const std::string& what, const std::string& by) {
    return is_no_part_file(replaced(json, what, by));
  };
  CHECK(parse_outline(json, "") == outline());
  CHECK(with("\"version\": 1", "\"version\": 2"));
  CHECK(with("\"delimiter\": 183", "\"delimiter\": 256"));
  CHECK(with("\"delimiter\": 183", "\"delimiter\": 10"));
  CHECK(with("\"delimiter\": 183", "\"delimiter\": -1"));
  CHECK(with("\"delimiter\": 183", "\"delimiter\": \"183\""));
  CHECK(with("\"header\": true", "\"header\": 1"));
  CHECK(with("\"rows_begin\": 4", "\"rows_begin\": 17"));
  CHECK(with("\"parts\": 3", "\"parts\": 0"));
  CHECK(with("\"parts\": 3", "\"parts\": 100001"));
  CHECK(with("\"part\": 2", "\"part\": 0"));
  CHECK(with("\"part\": 2", "\"part\": 4"));
  CHECK(with("\"begin\": 8", "\"begin\": 9"));
  CHECK(with("\"exit\": 3", "\"exit\": 6"));
  CHECK(with("\"rows\": 1", "\"rows\": 5"));
  CHECK(with("\"row_end\": 4", "\"row_end\": 5"));
  CHECK(with("\"ends\": \"", "\"ends\": \"0"));
  CHECK(with("ffffffffffffffff", "fffffffffffffffg"));
  CHECK(with("\"passages\": [",
             "\"passages\": [{\"exit\": 0, \"rows\": 0, \"row_end\": 0, "
             "\"content_end\": 0},"));
}

TEST_CASE("part files: a plan that cannot be") {
  const Plan plan = plan_of("1\n2\n3\n4\n", 2);
  const auto is_plan = [&](auto change) {
    Plan changed = plan;
    change(changed);
    return thrown_by([&] { parse_plan(to_json(changed), "FILE"); }) == Thrown();
  };
  REQUIRE(plan.parts[1].begin == 4);
  CHECK(is_plan([](Plan&) {}));
  CHECK(is_plan([](Plan& p) { p.parts[1].begin = 3; }));  // shows when it is dealt
  CHECK_FALSE(is_plan([](Plan& p) { p.parts[0].begin = 1; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.parts[0].first_row = 1; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.parts[1].begin = 5; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.parts[1].first_row = 5; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.rows = 1; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.rows = UINT64_MAX; }));
  CHECK_FALSE(is_plan([](Plan& p) { ++p.hash.low; }));
  CHECK_FALSE(is_plan([](Plan& p) { ++p.parts[0].hash.high; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.file.parts = 1; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.file.parts = 3; }));
  CHECK_FALSE(is_plan([](Plan& p) { p.parts.clear(); }));
}

TEST_CASE("part files: a missing file") {
  const TemporaryDirectory directory;
  const std::string missing = directory.file("missing");
  CHECK(thrown_by([&] { read_part_file(missing); }) ==
        Thrown{ExitStatus::no_input, missing + ": No such file or directory"});
}

}  // namespace rowsum
