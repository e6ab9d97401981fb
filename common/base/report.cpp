// SPDX-License-Identifier: MIT
#include "common/base/report.h"

#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "common/base/terminal.h"

namespace rowsum {

namespace {

std::string name_of_program = "rowsum";

constexpr size_t longest_shown = 4;  // "\\x1b"

/// Writes a byte that could upset a terminal or a log, such as a newline, in other characters.
/// Returns the position after them.
char* show(char byte, char* at) {
  constexpr char hex[] = "0123456789abcdef";
  *at++ = '\\';
  switch (byte) {
    case '\n':
      *at++ = 'n';
      break;
    case '\r':
      *at++ = 'r';
      break;
    case '\t':
      *at++ = 't';
      break;
    default:
      *at++ = 'x';
      *at++ = hex[static_cast<unsigned char>(byte) >> 4];
      *at++ = hex[byte & 15];
  }
  return at;
}

bool is_control(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

}  // namespace

void set_program_name(std::string_view name) {
  name_of_program = name;
}

std::string_view program_name() {
  return name_of_program;
}

void report(std::string_view message) noexcept {
  // Nothing is allocated, because the message may be about a lack of memory.
  char line[PIPE_BUF];
  const std::string_view beginning = before_lines(STDERR_FILENO);
  char* at = line + beginning.copy(line, beginning.size());
  for (const std::string_view part :
       {std::string_view(name_of_program), std::string_view(": "), message}) {
    for (const char byte : part) {
      if (std::end(line) - at <= static_cast<ptrdiff_t>(longest_shown)) break;
      if (is_control(byte)) {
        at = show(byte, at);
      } else {
        *at++ = byte;
      }
    }
  }
  *at++ = '\n';
  [[maybe_unused]] const ssize_t ignored =
      ::write(STDERR_FILENO, line, static_cast<size_t>(at - line));
}

void report_lines(std::string_view lines) noexcept {
  const std::string_view beginning = before_lines(STDERR_FILENO);
  const iovec parts[] = {{const_cast<char*>(beginning.data()), beginning.size()},
                         {const_cast<char*>(lines.data()), lines.size()}};
  [[maybe_unused]] const ssize_t ignored = ::writev(STDERR_FILENO, parts, std::ssize(parts));
}

std::string printable(std::string_view text, size_t longest) {
  std::string shown;
  for (const char byte : text.substr(0, longest)) {
    const bool is_ascii = static_cast<unsigned char>(byte) < 0x80;
    char forms[longest_shown];
    if (is_ascii && !is_control(byte)) {
      shown += byte;
    } else {
      shown.append(forms, show(byte, forms));
    }
  }
  if (text.size() > longest) shown += "...";
  return shown;
}

}  // namespace rowsum
