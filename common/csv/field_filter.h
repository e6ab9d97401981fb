// SPDX-License-Identifier: MIT
// Copies the selected fields of rows.
//
// What comes out are rows of the same dialect, as many as went in, in the same order. Each has the
// selected fields that it had, in the order of the input, with delimiters between them, and its row
// end. All of these are copied as they stand, so a quoted field stays quoted. A row that has fewer
// fields than are selected keeps those that it has. A row without any selected field becomes a
// blank line, and a blank line stays one.
//
// Three things are written that were not there, because rows would change their meaning otherwise:
//
// - An empty field that becomes a whole row is written as "". Nothing at all would be a blank line,
//   which is a row without fields.
// - If a blank line would end with LF right after the CR that ends another row, it is ended with
//   CR LF, because CR and LF would become one row end.
// - If the last row of the text lacks its row end, it also lacks it in the output, but if it is a
//   blank line there, it gets an LF. Nothing at all would be no row.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/base/buffer.h"
#include "common/csv/dialect.h"
#include "common/csv/field_list.h"

namespace rowsum {

class FieldFilter {
 public:
  /// `fields` must not have names.
  FieldFilter(const FieldList& fields, Dialect dialect)
      : ranges_(fields.ranges()), dialect_(dialect) {}

  /// Appends what is selected of `text`, whole rows, to the first `size` bytes of `out`, and
  /// returns how many bytes there are then. Rows and fields are those of
  /// common/csv/row_automaton.h.
  size_t append(std::string_view text, Buffer& out, size_t size) const;

 private:
  std::vector<FieldRange> ranges_;
  Dialect dialect_;
};

}  // namespace rowsum
