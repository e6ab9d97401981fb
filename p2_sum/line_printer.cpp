#include "p2_sum/line_printer.h"

#include <cstring>
#include <string>

namespace rowsum {

void LinePrinter::print(const ExactSum& sum) {
  if (sum.is_small() && sum.small() >= INT64_MIN && sum.small() <= INT64_MAX) {
    return print(static_cast<int64_t>(sum.small()));
  }
  std::string digits;
  sum.print(digits);
  lines_.reserve(size_ + longest_line + digits.size(), size_);
  char* const at = begin_line();
  std::memcpy(at, digits.data(), digits.size());
  end_line(at + digits.size());
}

}  // namespace rowsum
