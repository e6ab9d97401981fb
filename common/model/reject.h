// SPDX-License-Identifier: MIT
// A row without a line, as a worker finds it and p3_write reports it.
#pragma once

#include <cstdint>
#include <string>

namespace rowsum {

struct Reject {
  uint64_t row = 0;           // counted from 0 within its batch
  uint64_t field = 0;         // the bad field, counted from 1; 0: the reason is about the whole row
  uint64_t offset = 0;        // in the input, of the first byte of that field, or of the row
  uint64_t lines_before = 0;  // bytes of lines of its batch that belong to earlier rows
  std::string reason;         // why, as printable text of at most reject_reason_limit bytes
  std::string bytes;          // the whole row as in the input, with its row end

  bool operator==(const Reject&) const = default;
};

constexpr size_t reject_reason_limit = 300;

}  // namespace rowsum
