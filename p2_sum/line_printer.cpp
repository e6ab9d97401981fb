#include "p2_sum/line_printer.h"

#include <charconv>

namespace rowsum {

void print_line(uint64_t index, const ExactSum& sum, std::string& lines) {
  char line[48];
  char* at = std::to_chars(line, std::end(line), index).ptr;
  *at++ = ',';
  if (sum.is_small() && sum.small() >= INT64_MIN && sum.small() <= INT64_MAX) {
    at = std::to_chars(at, std::end(line), static_cast<int64_t>(sum.small())).ptr;
    *at++ = '\n';
    lines.append(line, at);
  } else {
    lines.append(line, at);
    sum.print(lines);
    lines += '\n';
  }
}

}  // namespace rowsum
