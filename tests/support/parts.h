// SPDX-License-Identifier: MIT
// Outlines and plans of texts in memory.
#pragma once

#include <string>
#include <vector>

#include "common/wire/frame.h"
#include "p1_read/plan.h"

namespace rowsum {

/// A file with this text, and without a header.
inline DividedFile divided(const std::string& text, uint64_t parts) {
  DividedFile file;
  file.identity = {text.size(), {1, 2}};
  file.beginning = hash_of("");
  file.parts = parts;
  return file;
}

/// The outlines of all parts. Their names are the numbers of the parts.
inline std::vector<NamedOutline> outlines_of(const DividedFile& file, const std::string& text) {
  std::vector<NamedOutline> outlines;
  for (uint64_t part = 1; part <= file.parts; ++part) {
    PartOutliner outliner(file, part);
    const Range range = nominal_range(file, part);
    for (uint64_t at = range.begin; at < range.end; at = block_at(range, at).end) {
      outliner.feed_block(std::string_view(text).substr(at, block_at(range, at).end - at));
    }
    outlines.push_back({std::to_string(part), outliner.outline()});
  }
  return outlines;
}

inline Plan plan_of(const std::string& text, uint64_t parts) {
  return fold(outlines_of(divided(text, parts), text));
}

}  // namespace rowsum
