// Dealing to workers that this program starts itself (worker_places.h): it sends them references to
// text that they read for themselves, and p3_write closes the circle by saying what has come back.
//
// It cannot deadlock: this process waits in poll(2) and nowhere else (a place has at most `credit`
// batches outstanding, so little has to be kept for which a pipe has no room). Hence the control
// always drains, hence p3_write waits for nothing but its output, hence every worker's result is
// taken in its turn.
#pragma once

#include <poll.h>

#include <optional>
#include <string_view>
#include <vector>

#include "common/model/verdict.h"
#include "common/wire/shared_text.h"
#include "p1_read/batcher.h"
#include "p1_read/dealer.h"
#include "p1_read/inputs.h"
#include "p1_read/options.h"
#include "p1_read/read_loop.h"
#include "p1_read/shared_input.h"
#include "p1_read/termination_signals.h"
#include "p1_read/worker_places.h"
#include "p1_read/writer_link.h"

namespace rowsum {

class WorkerDealing {
 public:
  /// `link`: to p3_write; not owned. From now on SIGHUP, SIGINT, SIGQUIT and SIGTERM end the
  /// workers before they end this process. Throws Failure(system), also where there are too few
  /// descriptors for so many places.
  WorkerDealing(const WorkerOptions& options, DealPolicy policy, int link);
  WorkerDealing(const WorkerDealing&) = delete;
  WorkerDealing& operator=(const WorkerDealing&) = delete;

  /// Deals all of the inputs, ends the streams, and waits until p3_write has gone with everything
  /// printed. Throws Failure; a silent one with the status of the culprit where another program has
  /// failed, and has said so. What is wrong with the input is thrown when all before it is printed.
  void run(Inputs& inputs, const BatcherOptions& options);

  /// Ends all streams with a verdict, and returns once p3_write has made the best of it and has
  /// gone.
  void fail(ExitStatus status);

  // For read_and_deal().
  NextStep wait(int input, const Batcher& batcher);
  std::span<char> space(const Batcher& batcher, size_t bytes);
  void deal(const Batch& batch, const Batcher& batcher);
  void deal_early(const Batch& batch, const Batcher& batcher);

 private:
  void deal_to(size_t place, const Batch& batch);

  /// Waits, or not, until something can be done, and does it, except for reading the input (-1: it
  /// is not asked about): whether that is readable.
  bool see_to_all(int input, bool may_block);
  void wait_for_writer();
  /// Throws the first Failure of what p3_write has said, after all of it has been seen to.
  void accept_all(const std::vector<ControlMessage<NewsOfWriter>>& messages);
  void accept(const ControlMessage<NewsOfWriter>& message);

  std::string_view text_of(const Batch& batch);
  /// A batch with a checksum of its text, if they are wanted.
  Ledger::Item item_of(const Batch& batch, std::string_view text) const;
  std::vector<Ledger::Item> cut(const Batch& batch);

  WorkerOptions options_;
  TerminationSignals signals_;
  WriterLink link_;
  WorkerPlaces places_;
  Dealer dealer_;
  std::vector<pollfd> polled_;  // kept for its memory
  Hello hello_;                 // without the name of an input until the inputs are known
  std::optional<SharedInput> shared_;
  std::optional<SharedText> text_;
  Verdict dealt_;                  // up to where batches have been dealt
  std::optional<uint64_t> begin_;  // with --resume, once p3_write has said where
  uint64_t first_row_ = 0;         // and the number of the row there
  std::optional<uint64_t> printed_;
};

}  // namespace rowsum
