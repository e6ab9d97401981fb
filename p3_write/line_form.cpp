#include "p3_write/line_form.h"

#include <charconv>

#include "common/base/failure.h"

namespace rowsum {

std::string reformat(std::string_view lines, const LineForm& form, uint64_t base,
                     const std::string& name) {
  std::string formed;
  formed.reserve(lines.size() + lines.size() / 4);
  while (!lines.empty()) {
    const char* const end = lines.data() + lines.size();
    uint64_t index = 0;
    const auto [comma, error] = std::from_chars(lines.data(), end, index);
    const size_t line_end = lines.find('\n');
    if (error != std::errc() || line_end == lines.npos || *comma != ',') {
      throw Failure(ExitStatus::bad_data, name + ": a result whose lines are not \"index,sum\"");
    }
    if (form.has_index) formed.append(std::to_string(base + index)).append(1, ',');
    formed.append(comma + 1, lines.data() + line_end);
    formed += form.crlf ? "\r\n" : "\n";
    lines.remove_prefix(line_end + 1);
  }
  return formed;
}

}  // namespace rowsum
