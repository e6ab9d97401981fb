// The only way to standard error.
#pragma once

#include <string>
#include <string_view>

namespace rowsum {

/// Writes "PROGRAM: message" and a newline in one write(2), so that lines of several processes do
/// not mix; what is beyond PIPE_BUF bytes is cut off, and ASCII's control characters, which names
/// of files may hold, are shown as printable() shows them. Failing to report is not reported.
/// Allocates nothing.
void report(std::string_view message) noexcept;

/// Sets the PROGRAM of report(); run_program() does it first of all.
void set_program_name(std::string_view name);
std::string_view program_name();

/// The text with everything that could upset a terminal or a log shown as \n, \t or \xHH, cut to
/// `longest` bytes of input with "..." after it.
std::string printable(std::string_view text, size_t longest = 40);

}  // namespace rowsum
