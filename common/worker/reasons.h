// Why a row has no line, in the words that p3_write prints after the place of the row.
#pragma once

#include <string>
#include <string_view>

#include "common/base/report.h"
#include "common/model/reject.h"

namespace rowsum {

/// `value`: the field without its quotes.
inline std::string not_an_integer(std::string_view value) {
  return "'" + printable(value) + "' is not an integer";
}

inline std::string too_large(std::string_view value) {
  return "'" + printable(value) + "' does not fit 64 bits";
}

/// The reason that somebody's worker gives.
inline std::string in_own_words(std::string_view words) {
  std::string reason = printable(words, reject_reason_limit);
  if (reason.size() > reject_reason_limit) {
    reason.replace(reject_reason_limit - 3, reason.npos, "...");
  }
  return reason;
}

/// `command`: what makes the lines. Empty, or the name of this program, if it makes them itself.
inline std::string workers_fail(std::string_view command) {
  const std::string_view self = program_name();
  if (command.empty() || command == self)
    return "every " + std::string(self) + " that is given it dies";
  return "'" + printable(command, 60) + "' fails whenever it is given it";
}

}  // namespace rowsum
