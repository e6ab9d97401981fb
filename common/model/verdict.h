// What the end of a stream says about all that came before it (R2).
#pragma once

#include <cstdint>

#include "common/base/exit_status.h"

namespace rowsum {

struct Verdict {
  ExitStatus status = ExitStatus::complete;  // anything else has been reported by whoever says it
  uint64_t total = 0;  // the offset where the last tile ends; when failed, as far as it is known
  uint64_t rows = 0;   // likewise

  bool is_complete() const { return status == ExitStatus::complete; }
  bool operator==(const Verdict&) const = default;
};

}  // namespace rowsum
