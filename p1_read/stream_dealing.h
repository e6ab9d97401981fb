// SPDX-License-Identifier: MIT
// Deals batches with their text inline to streams: to standard output, or to several files or
// FIFOs. The writes block, so the streams must take the batches in one after another.
//
// This cannot deadlock, whatever the number of streams and however small the pipes. Batches are
// written in input order, and p3_write always reads from the stream that owes the next result. So
// the worker of that stream can always write, then it can read, and then p1_read can go on.
#pragma once

#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/wire/stream_writer.h"
#include "p1_read/batcher.h"
#include "p1_read/dealer.h"
#include "p1_read/dealt_part.h"
#include "p1_read/inputs.h"

namespace rowsum {

class StreamDealing {
 public:
  /// Opens the paths in order; no path means standard output. Opening a FIFO waits until a process
  /// opens it for reading. Throws Failure(cannot_create), and Failure(usage) for a terminal, for a
  /// path that is given twice, and for a path that is also an input, which is left as it is.
  void open(const std::vector<std::string>& to, const std::vector<std::string>& inputs);

  /// All frames get checksums of their payloads.
  void add_checksums();

  /// Deals all of the inputs and ends the streams. `part`: the part of the one input, if that is
  /// divided; otherwise nullptr. Throws Failure.
  void run(Inputs& inputs, const BatcherOptions& options, DealPolicy policy,
           DealtPart* part = nullptr);

  /// Ends all streams with a verdict. If open() has not been called, because the command line is
  /// wrong, it ends the stream on standard output if that is a pipe or a socket.
  void fail(ExitStatus status);

 private:
  void say_hello(const Inputs& inputs, const BatcherOptions& options, const DealtPart* part);

  std::vector<OwnedFd> files_;
  std::vector<StreamWriter> streams_;  // not a deque, which would allocate outside of run_program()
  bool has_checksums_ = false;
  bool knows_outputs_ = false;  // open() was called
};

}  // namespace rowsum
