// SPDX-License-Identifier: MIT
// The main() of a worker.
#pragma once

#include <functional>
#include <optional>

#include "common/worker/conversation.h"

namespace rowsum {

/// What is done before the conversation begins. Returns nothing if there is to be none, as after
/// --help. May throw a Failure.
using PrepareWorker = std::function<std::optional<MakeAnswerer>()>;

/// Answers the batches that come from `in` by results to `out`, as the program `name`, and returns
/// the status for main() to return. Failures are reported, and told in the stream of results; those
/// of `prepare` only if `out` is a pipe or a socket.
int run_worker_program(const char* name, int in, int out, const PrepareWorker& prepare);

}  // namespace rowsum
