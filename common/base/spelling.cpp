// SPDX-License-Identifier: MIT
#include "common/base/spelling.h"

#include <algorithm>
#include <numeric>

namespace rowsum {

size_t edit_distance(std::string_view one, std::string_view other) {
  // distances[i]: from the beginning of `one` so far to the first i characters of `other`.
  std::vector<size_t> distances(other.size() + 1);
  std::iota(distances.begin(), distances.end(), size_t{0});
  for (const char c : one) {
    size_t diagonal = distances[0]++;
    for (size_t i = 0; i < other.size(); ++i) {
      const size_t replaced = diagonal + (c == other[i] ? 0 : 1);
      diagonal = distances[i + 1];
      distances[i + 1] = std::min({replaced, diagonal + 1, distances[i] + 1});
    }
  }
  return distances.back();
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names) {
  std::optional<std::string> found;
  size_t best = (word.size() + 2) / 3 + 1;
  for (const std::string& name : names) {
    if (!word.empty() && name.starts_with(word)) return name;
    const size_t distance = edit_distance(word, name);
    if (distance >= best) continue;
    best = distance;
    found = name;
  }
  return found;
}

}  // namespace rowsum
