// SPDX-License-Identifier: MIT
// Which fields of the rows count, and what is made of empty ones.
#pragma once

#include <string>

namespace rowsum {

struct FieldRules {
  std::string list;            // as for cut(1), or names of columns (common/csv/field_list.h)
  bool complement = false;     // all fields but these
  bool empty_is_zero = false;  // an empty field counts as 0; otherwise it is no integer

  /// Whether some fields do not count.
  bool are_selected() const { return !list.empty(); }
  bool operator==(const FieldRules&) const = default;
};

}  // namespace rowsum
