// SPDX-License-Identifier: MIT
// The whole conversation of a worker: it reads a stream of batches and writes the stream of their
// results.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/exit_status.h"
#include "common/wire/stream_writer.h"
#include "common/worker/answerer.h"

namespace rowsum {

/// Makes what answers the batches of a stream. It gets the hello of the results, and can say there
/// what kind of lines there will be, and by which command they are made.
using MakeAnswerer = std::function<std::unique_ptr<Answerer>(Hello& results)>;

/// Answers every batch that comes from `in`, in order, and ends as the stream of batches ends.
/// Returns `complete`. Throws Failure. If the stream says that it has failed, the Failure is silent
/// and has its status. After a Failure, the caller has to end `out` with fail(), which does nothing
/// if `out` has been ended, or abandoned because a command failed that p1_read can start again.
ExitStatus answer_batches(int in, const std::string& name, StreamWriter& out,
                          const MakeAnswerer& make_answerer);

}  // namespace rowsum
