// SPDX-License-Identifier: MIT
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

/// `command`: what makes the lines; empty if this program does.
inline std::string workers_fail(std::string_view command) {
  if (command.empty()) return "every " + std::string(program_name()) + " that is given it dies";
  return "'" + printable(command, 60) + "' fails whenever it is given it";
}

}  // namespace rowsum
