// SPDX-License-Identifier: MIT
// Finds the name that is meant by a misspelt one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowsum {

/// How many characters have to be inserted, left out or replaced to make one word of the other.
size_t edit_distance(std::string_view one, std::string_view other);

/// The first of the `names` that begin with `word`, or are nearest to it; nothing if all are too
/// far from it to be meant. A third of the characters of `word`, rounded up, may be wrong.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace rowsum
