// SPDX-License-Identifier: MIT
// The only way to standard error.
#pragma once

#include <string>
#include <string_view>

namespace rowsum {

/// Writes "PROGRAM: message" and a newline in one write(2), so that lines of several processes do
/// not mix. What is beyond PIPE_BUF bytes is cut off. ASCII control characters, which names of
/// files may hold, are written as by printable(). On a terminal, a progress bar is erased first. A
/// failure of the write is ignored. Allocates nothing.
void report(std::string_view message) noexcept;

/// Writes lines as they are, such as a table that was asked for. A failure of the write is ignored.
void report_lines(std::string_view lines) noexcept;

/// Sets the PROGRAM of report(). run_program() does this first.
void set_program_name(std::string_view name);
std::string_view program_name();

/// Returns the text with every byte that could upset a terminal or a log shown as \n, \t or \xHH. A
/// text of more than `longest` bytes is cut there, and "..." follows.
std::string printable(std::string_view text, size_t longest = 40);

}  // namespace rowsum
