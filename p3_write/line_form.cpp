#include "p3_write/line_form.h"

#include <charconv>

#include "common/base/failure.h"

namespace rowsum {

std::string reformat(std::string_view lines, const LineForm& form, uint64_t base) {
  std::string formed;
  formed.reserve(lines.size() + lines.size() / 4);
  while (!lines.empty()) {
    const size_t comma = lines.find(',');
    const size_t line_end = lines.find('\n', comma);
    if (comma == lines.npos || line_end == lines.npos) {
      throw Failure(ExitStatus::bad_data, "a result whose lines are not \"index,sum\"");
    }
    if (form.has_index) {
      uint64_t index = 0;
      std::from_chars(lines.data(), lines.data() + comma, index);
      formed.append(std::to_string(base + index)).append(1, ',');
    }
    formed.append(lines.substr(comma + 1, line_end - comma - 1));
    formed += form.crlf ? "\r\n" : "\n";
    lines.remove_prefix(line_end + 1);
  }
  return formed;
}

}  // namespace rowsum
