// SPDX-License-Identifier: MIT
// The form of the lines of the output, and changing lines to it from the form in which workers send
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/model/line_kind.h"

namespace rowsum {

struct LineForm {
  bool crlf = false;        // CR LF at the end, as Python's csv.writer writes it
  bool has_index = true;    // "index,sum"; otherwise only the sum
  char delimiter = ',';     // between the two
  bool is_json = false;     // {"index":0,"sum":6}, without a delimiter
  bool has_header = false;  // the output begins with header_line()
  LineKind lines = LineKind::sums;

  /// Whether lines are in this form when workers send them.
  bool is_plain() const { return !crlf && has_index && delimiter == ',' && !is_json; }
};

/// The first line of an output that has a header: "index" and the name of what follows it, in the
/// form asked for. In JSON, which has a name in each line, it is empty.
std::string header_line(const LineForm& form, std::string_view name);

/// What follows the index: "sum" or "line".
std::string_view name_of_values(const LineForm& form);

/// Returns `lines`, each of which is "index,sum" and LF, in the form asked for, with `base` added
/// to every index. In JSON a sum is a number, and text in its place is a string, in which bytes
/// that are no UTF-8 stay as they are. Throws Failure(bad_data) for lines without an index and, in
/// JSON, for a sum that is no integer; a worker other than p2_sum may send such lines. `name` is
/// the name of their stream.
std::string reformat(std::string_view lines, const LineForm& form, uint64_t base,
                     const std::string& name);

}  // namespace rowsum
