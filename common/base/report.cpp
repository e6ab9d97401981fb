#include "common/base/report.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace rowsum {

namespace {
std::string name_of_program = "rowsum";
}

void set_program_name(std::string_view name) {
  name_of_program = name;
}

std::string_view program_name() {
  return name_of_program;
}

void report(std::string_view message) noexcept {
  // Nothing is allocated: it may be the lack of memory that is reported.
  char line[PIPE_BUF];
  char* at = line;
  for (const std::string_view part :
       {std::string_view(name_of_program), std::string_view(": "), message}) {
    const auto room = static_cast<size_t>(std::end(line) - at - 1);
    at += part.copy(at, std::min(part.size(), room));
  }
  *at++ = '\n';
  [[maybe_unused]] const ssize_t ignored =
      ::write(STDERR_FILENO, line, static_cast<size_t>(at - line));
}

std::string printable(std::string_view text, size_t longest) {
  constexpr char hex[] = "0123456789abcdef";
  std::string shown;
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      shown.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    } else {
      shown += c;
    }
  }
  if (text.size() > longest) shown += "...";
  return shown;
}

}  // namespace rowsum
