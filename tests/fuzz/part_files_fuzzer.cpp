// SPDX-License-Identifier: MIT
// The files with outlines and plans: whatever is in one, it is refused in one line, or comes back
// when it is written again. Such outlines can be folded, if they are of one part, and what is dealt
// by such a plan tiles the file.
#include <optional>

#include "common/base/failure.h"
#include "p1_read/part_files.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

/// What `parse` makes of the file; nothing if it refuses it.
template <typename Parse>
auto parsed(Parse parse, std::string_view json) -> std::optional<decltype(parse(json, ""))> {
  try {
    return parse(json, "FILE");
  } catch (const Failure& failure) {
    const std::string_view line = failure.what();
    require(failure.status() == ExitStatus::bad_data, "it is bad data");
    require(line.starts_with("FILE: no ") && line.find('\n') == line.npos,
            "it is refused in one line");
    return std::nullopt;
  }
}

void check(const PartOutline& outline) {
  require(parse_outline(to_json(outline), "") == outline, "an outline comes back");
  try {
    const Plan plan = fold({{"FILE", outline}});
    require(outline.file.parts == 1 && plan.parts.size() == 1, "one outline is a plan of one part");
  } catch (const Failure&) {
    require(outline.file.parts > 1, "others are missing");
  }
}

void check(const Plan& plan) {
  require(parse_plan(to_json(plan), "") == plan, "a plan comes back");
  uint64_t at = 0, rows = 0;
  for (uint64_t part = 1; part <= plan.parts.size(); ++part) {
    const Range range = plan.dealt_range(part);
    require(range.begin == at && range.begin <= range.end, "the parts tile the file");
    require(plan.rows_of(part) <= range.size(), "a row has a byte");
    at = range.end;
    rows += plan.rows_of(part);
  }
  require(at == plan.file.size() && rows == plan.rows, "they are the whole file");
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  const std::string_view json = Choices(data, size).rest();
  if (const auto outline = parsed(parse_outline, json)) check(*outline);
  if (const auto plan = parsed(parse_plan, json)) check(*plan);
  return 0;
}
