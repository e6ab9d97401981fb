// A row without a sum, as p2 found it and p3 reports it: it is not integers, or no worker survives
// it.
#pragma once

#include <cstdint>
#include <string>

namespace rowsum {

struct Reject {
  uint64_t row = 0;           // counted from 0 within its batch
  uint64_t field = 0;         // the first bad one, counted from 1; 0: every worker dies of the row
  uint64_t offset = 0;        // of that field's first byte, in the input; or of the row's
  uint64_t lines_before = 0;  // bytes of its batch's lines that belong to the rows before it
  std::string value;  // the field as CSV has it (no quotes), cut to reject_value_limit bytes
  std::string bytes;  // the whole row as it stands in the input, its row end included

  bool operator==(const Reject&) const = default;
};

/// Enough of a bad field to recognize it by.
constexpr size_t reject_value_limit = 64;

}  // namespace rowsum
