// SPDX-License-Identifier: MIT
// The names that the header row of the input gives to its fields, for the reasons of rejects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/csv/dialect.h"
#include "common/model/reject.h"

namespace rowsum {

class ColumnNames {
 public:
  explicit ColumnNames(Dialect dialect) : dialect_(dialect) {}

  /// The batches that come next are of another input, which has this header row.
  void begin_input(std::string_view header_row);

  /// Appends " (column 'NAME')" to the reason of each reject of a field that has a name, unless the
  /// reason would become too long.
  void add_to(std::vector<Reject>& rejects);

 private:
  void find_names();

  Dialect dialect_;
  std::string header_row_;
  std::vector<std::string> names_;  // in printable characters; empty until a reject needs them
};

}  // namespace rowsum
