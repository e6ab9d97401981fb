// SPDX-License-Identifier: MIT
// What the end of a stream says about all that came before it (R2).
#pragma once

#include <cstdint>

#include "common/base/exit_status.h"

namespace rowsum {

struct Verdict {
  ExitStatus status = ExitStatus::complete;  // another status has been reported already
  uint64_t total = 0;  // where the last range ends; after a failure, as far as that is known
  uint64_t rows = 0;   // likewise

  bool is_complete() const { return status == ExitStatus::complete; }
  bool operator==(const Verdict&) const = default;
};

}  // namespace rowsum
