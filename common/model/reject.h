// A row without a sum, as p2_sum finds it and p3_write reports it: it is not integers, or every
// worker that gets it dies.
#pragma once

#include <cstdint>
#include <string>

namespace rowsum {

struct Reject {
  uint64_t row = 0;     // counted from 0 within its batch
  uint64_t field = 0;   // the first bad field, counted from 1; 0: every worker dies on the row
  uint64_t offset = 0;  // of the first byte of that field in the input; with field 0, of the row
  uint64_t lines_before = 0;  // bytes of lines of its batch that belong to earlier rows
  std::string value;          // the field without its CSV quotes, cut to reject_value_limit bytes
  std::string bytes;          // the whole row as in the input, with its row end

  bool operator==(const Reject&) const = default;
};

/// This much of a bad field is enough to recognize it.
constexpr size_t reject_value_limit = 64;

}  // namespace rowsum
