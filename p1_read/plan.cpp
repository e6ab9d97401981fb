// SPDX-License-Identifier: MIT
#include "p1_read/plan.h"

#include <algorithm>

#include "common/base/failure.h"

namespace rowsum {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(ExitStatus::bad_data, what);
}

std::string describe(const PartOutline& outline) {
  return rowsum::describe(Part{outline.part, outline.file.parts});
}

void check_same(const NamedOutline& outline, const NamedOutline& first) {
  const DividedFile &is = outline.part.file, &expected = first.part.file;
  if (is == expected) return;
  const std::string names = outline.name + " and " + first.name;
  if (is.identity != expected.identity) refuse(names + " are outlines of different files");
  if (is.dialect != expected.dialect || is.has_header != expected.has_header) {
    refuse(names + " are made with different options (--delimiter, --header)");
  }
  if (is.parts != expected.parts) {
    refuse(names + " are " + describe(outline.part) + " and " + describe(first.part));
  }
  refuse(names + " are outlines of a file that changed in between");
}

/// `outlines` are sorted by their parts.
void check_complete(const std::vector<NamedOutline>& outlines) {
  const uint64_t parts = outlines.front().part.file.parts;
  for (size_t i = 1; i < outlines.size(); ++i) {
    const NamedOutline &one = outlines[i - 1], &other = outlines[i];
    if (one.part.part != other.part.part) continue;
    refuse(one.name + " and " + other.name + " are both " + describe(one.part));
  }
  uint64_t missing = 1;
  for (const NamedOutline& outline : outlines) missing += outline.part.part == missing;
  if (missing > parts) return;
  const uint64_t others = parts - outlines.size() - 1;
  refuse("the outline of " + rowsum::describe(Part{missing, parts}) + " is missing" +
         (others > 0 ? ", and those of " + std::to_string(others) + " more" : ""));
}

}  // namespace

Range Plan::dealt_range(uint64_t part) const {
  const bool is_last = part == parts.size();
  return {parts[part - 1].begin, is_last ? file.size() : parts[part].begin};
}

uint64_t Plan::rows_of(uint64_t part) const {
  const bool is_last = part == parts.size();
  return (is_last ? rows : parts[part].first_row) - parts[part - 1].first_row;
}

Hash hash_of(const DividedFile& file, const std::vector<PlannedPart>& parts) {
  std::vector<uint64_t> numbers = {file.beginning.low, file.beginning.high};
  for (const PlannedPart& part : parts) {
    numbers.push_back(part.hash.low);
    numbers.push_back(part.hash.high);
  }
  return hash_of(numbers);
}

Plan fold(std::vector<NamedOutline> outlines) {
  for (const NamedOutline& outline : outlines) check_same(outline, outlines.front());
  std::stable_sort(outlines.begin(), outlines.end(), [](const auto& one, const auto& other) {
    return one.part.part < other.part.part;
  });
  check_complete(outlines);

  Plan plan;
  plan.file = outlines.front().part.file;
  ReadingState state = ReadingState::row_start;
  uint64_t row_begin = plan.file.rows_begin;  // of the row that is open
  for (const NamedOutline& outline : outlines) {
    const PartOutline& part = outline.part;
    const bool is_first = plan.parts.empty();
    plan.parts.push_back({is_first ? 0 : row_begin, plan.rows, state == ReadingState::quoted,
                          part.hash, part.last_block});
    const Passage& passage = part.outline.from(state);
    if (passage.rows > 0) {
      row_begin = nominal_range(plan.file, part.part).begin + passage.row_end;
    }
    plan.rows += passage.rows;
    state = passage.exit;
  }
  // The last row needs no row end. One that is still in quotes is no row: the last part fails.
  plan.rows += state != ReadingState::row_start && state != ReadingState::quoted;
  plan.hash = hash_of(plan.file, plan.parts);
  return plan;
}

}  // namespace rowsum
