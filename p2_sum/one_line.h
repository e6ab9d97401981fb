// SPDX-License-Identifier: MIT
// Writes each row of CSV in one line, for programs that read lines and know no quotes.
#pragma once

#include <string>
#include <string_view>

#include "common/csv/dialect.h"

namespace rowsum {

/// A row end within quotes becomes a blank. A field loses its quotes, unless there is a delimiter
/// or a quote in it, or it is empty and the only one of its row. All else stays as it is, and every
/// row ends with LF.
class OneLine {
 public:
  explicit OneLine(Dialect dialect) : dialect_(dialect) {}

  /// `text`: whole rows, of which the last may lack its row end. The result is valid as long as the
  /// text and until the next call.
  std::string_view write(std::string_view text);

 private:
  /// `value`: a field that stands in quotes, without these.
  void write_unquoted(std::string_view value, bool is_only);

  Dialect dialect_;
  std::string lines_;
  std::string field_;
};

}  // namespace rowsum
