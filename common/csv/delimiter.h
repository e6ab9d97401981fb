// SPDX-License-Identifier: MIT
// The option for a byte between fields, the same for the input and the output.
#pragma once

#include <string>

#include "common/base/arguments.h"
#include "common/csv/dialect.h"

namespace rowsum {

/// A byte that can stand between fields; "\t", as two characters, and "tab" mean a tab. Throws
/// Failure(usage), naming `option`.
inline char parse_delimiter(const std::string& option, const std::string& text) {
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() == 1 && Dialect{text[0]}.is_possible()) return text[0];
  throw usage_failure("--" + option + ": '" + text +
                      "' is not one byte other than a quote or a row end");
}

}  // namespace rowsum
