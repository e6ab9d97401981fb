// SPDX-License-Identifier: MIT
// What terminals can do besides showing one line after the other.
#pragma once

#include <string_view>

namespace rowsum {

/// Whether the file is a terminal that understands the usual escape sequences (ECMA-48). TERM tells
/// those that do not: it is "dumb", or is not set. Allocates nothing.
bool understands_escapes(int fd) noexcept;

/// Erases from the cursor to the end of the screen.
constexpr std::string_view erase_below = "\033[J";

/// What every program writes to this file just before lines of text. p3_write may have drawn a bar
/// below the cursor (p3_write/progress.h), which has to go: the sequence that erases it, or nothing
/// if the file is no such terminal.
inline std::string_view before_lines(int fd) noexcept {
  return understands_escapes(fd) ? erase_below : "";
}

}  // namespace rowsum
