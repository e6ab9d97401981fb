// SPDX-License-Identifier: MIT
#include "p1_read/plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "p1_read/row_cutter.h"
#include "tests/support/parts.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

const std::string texts[] = {
    "",
    "1",
    "\n",
    "\r\n",
    "1,2\n\"3\n\",4\r\n5\r6\n",
    "\"1\"\"2\n\"\"\r\n\"\r\n\r\r\n\"\n",                      // the last quotes are never closed
    "1,\"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\"\n\"\"\"\n\"\"\"",  // a row over many parts
    "a\"b\n\"\"\r1\"\r\n",
};

/// What a reading of the first `size` bytes knows.
struct Known {
  uint64_t row_end, rows;
  bool is_quoted;
};

Known known_before(const std::string& text, size_t size) {
  RowCutter cutter(Dialect{}, 0);
  RowAutomaton automaton(Dialect{});
  for (const char byte : text.substr(0, size)) {
    cutter.feed(std::string_view(&byte, 1));
    automaton.step(byte);
  }
  return {cutter.row_end(), cutter.rows(), automaton.is_quoted()};
}

}  // namespace

TEST_CASE("divided file: nominal ranges tile the rows, and differ by one byte at most") {
  for (uint64_t size = 0; size < 20; ++size) {
    for (uint64_t parts = 1; parts < 25; ++parts) {
      DividedFile file;
      file.identity.size = 3 + size;
      file.rows_begin = 3;
      file.parts = parts;
      uint64_t at = 3;
      for (uint64_t part = 1; part <= parts; ++part) {
        const Range range = nominal_range(file, part);
        CHECK(range.begin == at);
        CHECK(range.size() - size / parts <= 1);
        at = range.end;
      }
      CHECK(at == file.size());
    }
  }
}

TEST_CASE("divided file: blocks are counted from where the nominal range begins") {
  const Range nominal{5, 5 + 2 * block_size + 7};
  CHECK(block_at(nominal, 5) == Range{5, 5 + block_size});
  CHECK(block_at(nominal, 4 + block_size) == Range{5, 5 + block_size});
  CHECK(block_at(nominal, 5 + block_size) == Range{5 + block_size, 5 + 2 * block_size});
  CHECK(block_at(nominal, nominal.end - 1) == Range{5 + 2 * block_size, nominal.end});
}

TEST_CASE("plan: parts begin where a reading of the whole is") {
  for (const std::string& text : texts) {
    for (uint64_t parts = 1; parts <= text.size() + 2; ++parts) {
      CAPTURE(text);
      CAPTURE(parts);
      const Plan plan = plan_of(text, parts);
      REQUIRE(plan.parts.size() == parts);
      CHECK(plan.parts[0].begin == 0);
      for (uint64_t part = 1; part <= parts; ++part) {
        const Known known = known_before(text, nominal_range(plan.file, part).begin);
        CHECK(plan.parts[part - 1].begin == known.row_end);
        CHECK(plan.parts[part - 1].first_row == known.rows);
        CHECK(plan.parts[part - 1].begins_in_quotes == known.is_quoted);
        CHECK(plan.dealt_range(part).begin == known.row_end);
      }
      CHECK(plan.dealt_range(parts).end == text.size());
      RowCutter cutter(Dialect{}, 0);
      cutter.feed(text);
      cutter.finish();
      CHECK(plan.rows == cutter.rows());
      uint64_t rows = 0;
      for (uint64_t part = 1; part <= parts; ++part) rows += plan.rows_of(part);
      CHECK(rows == plan.rows);
    }
  }
}

TEST_CASE("plan: the first part begins with the file, and the rows after a header") {
  DividedFile file = divided("a,b\n1\n2\n", 3);
  file.rows_begin = 4;
  const Plan plan = fold(outlines_of(file, "a,b\n1\n2\n"));
  CHECK(plan.rows == 2);
  CHECK(plan.dealt_range(1) == Range{0, 6});
  CHECK(plan.dealt_range(2) == Range{6, 6});  // no row ends there
  CHECK(plan.dealt_range(3) == Range{6, 8});
}

TEST_CASE("plan: outlines come in any order") {
  const std::string text = "1\n\"2\n\n\"\n3\n4\n";
  std::vector<NamedOutline> outlines = outlines_of(divided(text, 4), text);
  const Plan expected = fold(outlines);
  const auto before = [](const auto& one, const auto& other) { return one.name < other.name; };
  while (std::next_permutation(outlines.begin(), outlines.end(), before)) {
    CHECK(fold(outlines) == expected);
  }
}

TEST_CASE("plan: its hash depends on every byte, and on the beginning") {
  const std::string text = "1\n2\n3\n4\n";
  const Plan plan = plan_of(text, 3);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = '5';
    CHECK(plan_of(other, 3).hash != plan.hash);
  }
  DividedFile file = divided(text, 3);
  file.beginning.low ^= 1;
  CHECK(fold(outlines_of(file, text)).hash != plan.hash);
}

TEST_CASE("plan: outlines that do not belong together") {
  const std::string text = "1\n2\n3\n";
  const auto refused = [](std::vector<NamedOutline> outlines) {
    const Thrown thrown = thrown_by([&] { fold(outlines); });
    CHECK(thrown.status == ExitStatus::bad_data);
    return thrown.message;
  };
  const std::vector<NamedOutline> whole = outlines_of(divided(text, 3), text);
  std::vector<NamedOutline> outlines = whole;
  outlines.pop_back();
  CHECK(refused(outlines) == "the outline of part 3 of 3 is missing");
  outlines.pop_back();
  CHECK(refused(outlines) == "the outline of part 2 of 3 is missing, and those of 1 more");
  outlines = whole;
  outlines.push_back(whole[1]);
  CHECK(refused(outlines) == "2 and 2 are both part 2 of 3");
  const auto with = [&](auto change) {
    std::vector<NamedOutline> changed = whole;
    change(changed[2].part.file);
    return refused(changed);
  };
  const std::string options = "3 and 1 are made with different options (--delimiter, --header)";
  CHECK(with([](DividedFile& file) { ++file.identity.size; }) ==
        "3 and 1 are outlines of different files");
  CHECK(with([](DividedFile& file) { ++file.identity.hash[1]; }) ==
        "3 and 1 are outlines of different files");
  CHECK(with([](DividedFile& file) { file.dialect.delimiter = ';'; }) == options);
  CHECK(with([](DividedFile& file) { file.has_header = true; }) == options);
  CHECK(with([](DividedFile& file) { file.parts = 4; }) ==
        "3 and 1 are part 3 of 4 and part 1 of 3");
  CHECK(with([](DividedFile& file) { ++file.beginning.high; }) ==
        "3 and 1 are outlines of a file that changed in between");
}

}  // namespace rowsum
