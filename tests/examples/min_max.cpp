// SPDX-License-Identifier: MIT
// The least and the greatest integer of each row. A line that is appended needs no allocation.
#include <rowsum/worker.h>

#include <algorithm>

int main() {
  return rowsum::run_worker([](rowsum::Integers row, std::string& line) {
    if (row.empty()) throw rowsum::Rejected("a blank line has no minimum");
    const auto [least, greatest] = std::ranges::minmax(row);
    line += std::to_string(least);
    line += ',';
    line += std::to_string(greatest);
  });
}
