// SPDX-License-Identifier: MIT
// Checks rows "EAN,title": the last of the 13 digits of an EAN is a check digit. A row that is
// wrong is rejected with a reason.
#include <rowsum/worker.h>

#include <algorithm>

int main() {
  return rowsum::run_worker([](rowsum::Fields row) {
    if (row.size() != 2) throw rowsum::Rejected("not two fields");
    const bool has_digits =
        std::ranges::all_of(row[0], [](char c) { return c >= '0' && c <= '9'; });
    if (row[0].size() != 13 || !has_digits) throw rowsum::Rejected("not 13 digits", 1);
    int sum = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += (row[0][i] - '0') * (i % 2 == 0 ? 1 : 3);
    const char check = static_cast<char>('0' + (10 - sum % 10) % 10);
    if (row[0][12] != check) throw rowsum::Rejected(std::string("the check digit is ") + check, 1);
    return std::string(row[1]) + " (" + std::string(row[0]) + ")";
  });
}
