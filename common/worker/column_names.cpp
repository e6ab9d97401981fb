// SPDX-License-Identifier: MIT
#include "common/worker/column_names.h"

#include "common/base/report.h"
#include "common/csv/field_parser.h"

namespace rowsum {

void ColumnNames::begin_input(std::string_view header_row) {
  header_row_ = header_row;
  names_.clear();
}

void ColumnNames::add_to(std::vector<Reject>& rejects) {
  if (header_row_.empty()) return;
  for (Reject& reject : rejects) {
    if (names_.empty()) find_names();
    if (reject.field == 0 || reject.field > names_.size()) continue;
    const std::string& name = names_[reject.field - 1];
    const std::string column = " (column '" + name + "')";
    const bool has_room = reject.reason.size() + column.size() <= reject_reason_limit;
    if (!name.empty() && has_room) reject.reason += column;
  }
}

void ColumnNames::find_names() {
  // With a name of more bytes, all of them escaped, a reason would not have room for it.
  constexpr size_t longest = 24;
  for_each_field(header_row_, dialect_, [&](const FieldParser& field) {
    names_.push_back(printable(field.value(), longest));
  });
}

}  // namespace rowsum
