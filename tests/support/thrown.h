// SPDX-License-Identifier: MIT
// The Failure that a call throws, for tests that check both its status and its message.
#pragma once

#include <string>

#include "common/base/failure.h"

namespace rowsum {

struct Thrown {
  ExitStatus status = ExitStatus::complete;  // nothing was thrown
  std::string message;

  bool operator==(const Thrown&) const = default;
};

template <typename Call>
Thrown thrown_by(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return {failure.status(), failure.what()};
  }
  return {};
}

}  // namespace rowsum
