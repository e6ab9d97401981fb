// SPDX-License-Identifier: MIT
#include "common/worker/line_printer.h"

#include <algorithm>
#include <cstring>

#include "common/wire/count_lines.h"

namespace rowsum {

namespace {

char* print_index(char* at, const DecimalCounter& row) {
  at = row.print(at);
  *at = ',';
  return at + 1;
}

char* print_line(char* at, const DecimalCounter& row, int64_t sum) {
  if (static_cast<uint64_t>(sum) < small_line_ends.size()) {
    at = row.print(at);
    const uint64_t end = small_line_ends[static_cast<size_t>(sum)];
    std::memcpy(at, &end, sizeof end);
    return at + (end >> 56);
  }
  at = print_index(at, row);
  if (sum < 0) *at++ = '-';
  const uint64_t magnitude = sum < 0 ? -static_cast<uint64_t>(sum) : static_cast<uint64_t>(sum);
  at = print_decimal(at, magnitude);
  *at = '\n';
  return at + 1;
}

}  // namespace

void LinePrinter::print(const int64_t* sums, size_t count) {
  lines_.reserve(size_ + count * longest_line, size_);
  // Local copies: the compiler knows that the bytes which are printed do not change them.
  DecimalCounter row = row_;
  char* at = lines_.data() + size_;
  for (size_t i = 0; i < count; ++i) {
    at = print_line(at, row, sums[i]);
    row.advance();
  }
  row_ = row;
  size_ = static_cast<size_t>(at - lines_.data());
}

void LinePrinter::print(std::string_view text) {
  lines_.reserve(size_ + longest_line + text.size(), size_);
  char* at = print_index(lines_.data() + size_, row_);
  at = std::copy(text.begin(), text.end(), at);
  *at++ = '\n';
  size_ = static_cast<size_t>(at - lines_.data());
  row_.advance();
}

void LinePrinter::print_each(std::string_view text) {
  const uint64_t count = count_lines(text) + (text.empty() || text.ends_with('\n') ? 0 : 1);
  lines_.reserve(size_ + text.size() + count * longest_line, size_);
  DecimalCounter row = row_;
  char* at = lines_.data() + size_;
  for (uint64_t i = 0; i < count; ++i) {
    at = print_index(at, row);
    const size_t size = std::min(text.find('\n'), text.size());
    at = static_cast<char*>(std::memcpy(at, text.data(), size)) + size;
    *at++ = '\n';
    row.advance();
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  row_ = row;
  size_ = static_cast<size_t>(at - lines_.data());
}

}  // namespace rowsum
