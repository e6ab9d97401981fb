// Dealing to streams: batches with their text inline, to standard output or to several files or
// FIFOs, which must take them in one after another.
//
// It cannot deadlock, whatever the number of streams and however small the pipes: batches are
// written in input order, and p3_write always reads from the stream that owes the next one. That
// worker can therefore always write, hence read, and this program can go on.
#pragma once

#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/wire/stream_writer.h"
#include "p1_read/batcher.h"
#include "p1_read/dealer.h"
#include "p1_read/inputs.h"

namespace rowsum {

class StreamDealing {
 public:
  /// Opens the paths in order; none is standard output. A FIFO is waited for until somebody reads
  /// it. Throws Failure(cannot_create), and Failure(usage) for a terminal, a path that is there
  /// twice, and one of the files that are to be read, which it leaves as it is.
  void open(const std::vector<std::string>& to, const std::vector<std::string>& inputs);

  /// All frames get checksums of their payloads.
  void add_checksums();

  /// Deals all of the inputs and ends the streams. Throws Failure.
  void run(Inputs& inputs, const BatcherOptions& options, DealPolicy policy);

  /// Ends all streams with a verdict; before open() was called, that of standard output.
  void fail(ExitStatus status);

 private:
  void say_hello(const Inputs& inputs, const BatcherOptions& options);

  std::vector<OwnedFd> files_;
  std::vector<StreamWriter> streams_;  // no deque, which would allocate outside of run_program()
  bool has_checksums_ = false;
  bool knows_outputs_ = false;  // open() was called
};

}  // namespace rowsum
