// SPDX-License-Identifier: MIT
// The poll loop of p3_write: streams of results in, lines or one stream out.
#pragma once

#include <memory>

#include "common/base/exit_status.h"
#include "p3_write/options.h"
#include "p3_write/result_output.h"

namespace rowsum {

/// Merges all of the streams and writes their results. Returns `complete` or `some_rejected`.
/// Throws Failure. If a stream says that it has failed, the Failure is silent and has its status,
/// and it is thrown after everything that can be written has been written. `output` is empty, and
/// is opened here. It outlives the call, so that a stream in it can still be ended after a failure.
///
/// Parts of a file are merged one after the other, each like the streams of a whole run.
///
/// Every stream is in one of these states:
///
///   vacant    no worker writes it now, so it is not polled (only after a p1_read with workers)
///   reading   polled for bytes until it shows a whole result
///   holding   it has shown a result that is not due; it is not polled, so its worker waits
///   over      its end has come
///
/// The stream that owes the next result is always reading, or vacant until its next worker comes.
/// So the limit of one result for each stream cannot cause a deadlock. The loop waits in poll(2)
/// and in writing to the output, and nowhere else: p1_read always reads the control. The reader of
/// the output may be slow.
///
/// After a p1_read with workers, a worker is the only writer of its pipe. So the end of the file
/// without an end of the stream shows that no process can write the stream any more. A frame that
/// has begun is dropped, and p1_read is told that the stream is lost. The next worker writes into
/// the same pipe.
///
/// A closed output, and the death of p1_read, are noticed at once, also while no stream sends
/// anything.
ExitStatus merge_and_write(const WriteOptions& options, std::unique_ptr<ResultOutput>& output);

}  // namespace rowsum
