// The poll loop of p3_write: streams of results in, lines out.
#pragma once

#include "common/base/exit_status.h"
#include "p3_write/options.h"

namespace rowsum {

/// Merges all of the streams and writes their lines. Returns `complete` or `some_rejected`; throws
/// Failure, a silent one with its status for streams that say they failed, after writing all that
/// could be.
///
/// Every stream is in one of these states:
///
///   vacant    no worker writes it now, so it is not polled (only after a p1_read with workers)
///   reading   polled for bytes until it shows a whole result
///   holding   it has shown a result that is not due; it is not polled, so its worker waits
///   over      its end has come
///
/// The stream that owes the next result is always reading, or vacant until its next worker comes,
/// so that the bound of one result a stream cannot deadlock. The loop waits in poll(2) and in
/// writing to the output, nowhere else (control has a reader that always drains it); whoever reads
/// the output may take their time.
///
/// After a p1_read with workers: the end of the file without an end of the stream shows that no
/// process can write it any more, since a worker is the only writer of its pipe. What it had begun
/// to say is dropped, and p1_read is told that it is lost; its next worker writes into the same
/// pipe.
///
/// A closed output, and the death of p1_read, are noticed at once, also while no stream says
/// anything.
ExitStatus merge_and_write(const WriteOptions& options);

}  // namespace rowsum
