// The whole of p2_sum: a stream of batches in, the stream of their results out.
#pragma once

#include "common/base/exit_status.h"
#include "common/wire/stream_writer.h"

namespace rowsum {

/// Answers every batch that comes from `in`, in order, and ends as the stream of batches ends.
/// Returns `complete`; throws Failure, a silent one with its status for a stream that says it
/// failed. `out` is left to be ended with fail() then, unless it has been.
ExitStatus sum_stream(int in, const std::string& name, StreamWriter& out);

}  // namespace rowsum
