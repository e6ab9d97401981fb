// The whole of p2_sum: it reads a stream of batches and writes the stream of their results.
#pragma once

#include "common/base/exit_status.h"
#include "common/wire/stream_writer.h"

namespace rowsum {

/// Answers every batch that comes from `in`, in order, and ends as the stream of batches ends.
/// Returns `complete`. Throws Failure. If the stream says that it has failed, the Failure is silent
/// and has its status. After a Failure, the caller has to end `out` with fail(), which does nothing
/// if `out` has been ended.
ExitStatus sum_stream(int in, const std::string& name, StreamWriter& out);

}  // namespace rowsum
