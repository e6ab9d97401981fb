// SPDX-License-Identifier: MIT
// Prints the lines of the output, "index,sum" or "index,text" and LF each, for consecutive rows.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/buffer.h"
#include "common/worker/decimal.h"

namespace rowsum {

class LinePrinter {
 public:
  /// Forgets all lines; the next row has the number `first_row`.
  void begin(uint64_t first_row) {
    row_ = DecimalCounter(first_row);
    size_ = 0;
  }

  void print(int64_t sum) { print(&sum, 1); }
  void print(const int64_t* sums, size_t count);
  void print(std::string_view text);
  /// Prints each line of `text` in a line of its own; the last one needs no LF.
  void print_each(std::string_view text);
  /// Counts a row that has no line.
  void skip() { row_.advance(); }

  std::string_view lines() const { return {lines_.data(), size_}; }

 private:
  /// Two numbers of 20 digits, a sign, a comma, LF, and what printing may overwrite.
  static constexpr size_t longest_line = 64;

  Buffer lines_;
  size_t size_ = 0;
  DecimalCounter row_{0};
};

}  // namespace rowsum
