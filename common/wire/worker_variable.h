// SPDX-License-Identifier: MIT
// How a process knows that it is a worker of p1_read.
#pragma once

namespace rowsum {

/// The environment variable that tells a worker, and all processes that it starts, which worker it
/// is: "PLACE.LIFE". Both are counted from 0.
constexpr const char* worker_variable = "ROWSUM_WORKER";

}  // namespace rowsum
