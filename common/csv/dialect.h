// SPDX-License-Identifier: MIT
// How the rows are written: RFC 4180 as CPython's csv.reader reads it in its default dialect, with
// a delimiter that the user can choose.
#pragma once

#include <string_view>

namespace rowsum {

constexpr char quote = '"';

struct Dialect {
  char delimiter = ',';  // any byte but a quote, CR, LF or NUL

  bool is_possible() const {
    return delimiter != quote && delimiter != '\n' && delimiter != '\r' && delimiter != '\0';
  }
  bool operator==(const Dialect&) const = default;
};

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace rowsum
