// SPDX-License-Identifier: MIT
// Which fields of each row are selected, as for `cut -f`.
//
//   FieldList::parse("1,3-5,price", false)            // LIST as a user writes it
//       .resolve("id,price,\"a,b\"\n", dialect)       // names become numbers
//       .ranges()                                     // {1, 3}, {3, 5}
//
// LIST is a row of CSV, with commas whatever the delimiter of the input is. Each of its items is
//
// - a field, N, or a range of fields, N-M, N- or -M, counted from 1;
// - or else the name of columns, as it is in the header row. An item in quotes is always a name,
//   so a name may hold commas, quotes and row ends, may look like a range, and may be empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/csv/dialect.h"

namespace rowsum {

/// Fields from `first` to `last`, counted from 1.
struct FieldRange {
  static constexpr uint64_t no_last = UINT64_MAX;  // up to the end of the row

  uint64_t first = 1;
  uint64_t last = no_last;

  bool is_open() const { return last == no_last; }
  bool operator==(const FieldRange&) const = default;
};

class FieldList {
 public:
  /// Reads LIST. `complement`: the fields that it does not name are selected. Throws
  /// std::invalid_argument, with one line of bounded length that says what is wrong with it.
  static FieldList parse(std::string_view list, bool complement);

  /// Whether there are names that resolve() has to turn into numbers.
  bool has_names() const { return !names_.empty(); }

  /// The list in which every name is replaced by the numbers of all columns that have exactly this
  /// name. `header_row` is the text of a row, with or without its row end. Throws
  /// std::invalid_argument if no column has a name, with one line of bounded length that says which
  /// names there are.
  FieldList resolve(std::string_view header_row, Dialect dialect) const;

  /// The selected fields: ranges that neither overlap nor touch, in ascending order. Only the last
  /// one can be open. There are none if nothing is selected. The list must not have names.
  std::vector<FieldRange> ranges() const;

  /// Every field of any row is selected. The list must not have names.
  bool selects_all() const { return ranges() == std::vector{FieldRange()}; }

 private:
  std::vector<FieldRange> listed_;  // as in LIST, in any order
  std::vector<std::string> names_;
  bool complement_ = false;
};

}  // namespace rowsum
