// The poll loop of p3_write: streams of results in, lines out.
#pragma once

#include "common/base/exit_status.h"
#include "p3_write/options.h"

namespace rowsum {

/// Merges all of the streams and writes their lines. Returns `complete` or `some_rejected`; throws
/// Failure, a silent one with its status for streams that say they failed, after writing all that
/// could be.
///
/// Every stream is in one of three states: reading (polled for bytes until it shows a whole
/// result), holding (a result that is not due; not polled, so its worker waits), or over. The
/// stream that owes the next result is always reading, so that the bound of one result a stream
/// cannot deadlock. The loop blocks in poll(2) and in writing to the output, nowhere else (control
/// has a reader that always drains it); whoever reads the output may take their time.
///
/// A closed output, and a dead p1_read, are noticed at once, also while no stream says anything.
ExitStatus merge_and_write(const WriteOptions& options);

}  // namespace rowsum
