// SPDX-License-Identifier: MIT
// Deals to workers that p1_read starts itself (worker_places.h). It sends them references to text,
// which the workers read themselves. p3_write tells p1_read which results have come back.
//
// This cannot deadlock. p1_read waits in poll(2) and nowhere else: what a pipe has no room for is
// kept in memory, and that is little, because a place has at most `credit` batches outstanding. So
// p1_read always reads the control, so p3_write waits for nothing but its output, so the result of
// every worker is taken in its turn.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/model/verdict.h"
#include "p1_read/batch_pacer.h"
#include "p1_read/batcher.h"
#include "p1_read/chunks.h"
#include "p1_read/dealer.h"
#include "p1_read/dealt_part.h"
#include "p1_read/header_rows.h"
#include "p1_read/inputs.h"
#include "p1_read/options.h"
#include "p1_read/other_hosts.h"
#include "p1_read/read_loop.h"
#include "p1_read/run_log.h"
#include "p1_read/shared_input.h"
#include "p1_read/termination_signals.h"
#include "p1_read/worker_places.h"
#include "p1_read/writer_link.h"

namespace rowsum {

class WorkerDealing {
 public:
  /// `link`: the pipe to p3_write; not owned. From now on SIGHUP, SIGINT, SIGQUIT and SIGTERM end
  /// the workers before they end this process. Throws Failure(system), also if there are too few
  /// descriptors for so many places.
  /// `others`: the other hosts of the options; nullptr if all places are here.
  WorkerDealing(const WorkerOptions& options, DealPolicy policy, int link,
                std::unique_ptr<OtherHosts> others = nullptr);
  WorkerDealing(const WorkerDealing&) = delete;
  WorkerDealing& operator=(const WorkerDealing&) = delete;

  /// Deals all of the inputs, ends the streams, and waits until p3_write has printed everything and
  /// has ended. Throws Failure. If another program has failed and has reported that, the Failure is
  /// silent and has its status. A failure of the input is thrown after everything before it has
  /// been printed.
  /// `part`: the part of the one input, if that is divided; otherwise nullptr.
  void run(Inputs& inputs, BatcherOptions options, DealtPart* part = nullptr);

  /// Ends all streams with a verdict, and returns when p3_write has written what it still can and
  /// has ended.
  void fail(ExitStatus status);

  /// To be called when the run is over, however it has ended: ends what is left of the workers, and
  /// finishes the log, if there is one.
  void finish_log() noexcept;

  // For read_and_deal().
  void begin_input(const Batcher& batcher);
  bool read_elsewhere(Batcher& batcher);
  NextStep wait(int input, const Batcher& batcher);
  std::span<char> space(const Batcher& batcher, size_t bytes);
  void has_read(uint64_t offset, std::string_view bytes);
  void deal(const Batch& batch, const Batcher& batcher);
  void deal_early(const Batch& batch, const Batcher& batcher);

 private:
  /// Begins the chunks when p1_read has read what it has to read itself.
  void begin_chunks(const Batcher& batcher);
  void deal_chunks();
  /// Feeds the outlines that are known to the batcher, and deals what it makes of them.
  void fold(Batcher& batcher);
  void feed(const Chunks::Chunk& chunk, Batcher& batcher);
  void deal_after(const Chunks::Chunk& chunk, Batcher& batcher);

  /// Gives the places on other hosts that have room the beginning of the batch, as much as each may
  /// get. Returns what is left.
  std::optional<Batch> deal_elsewhere(Batch batch);
  void start_on_other_hosts();
  bool may_wait_for_other_hosts() const;
  /// The places on other hosts may get as much as their connections allow now.
  void pace_other_hosts(Batcher& batcher);
  bool can_scan(const Inputs& inputs) const;

  void deal_to(size_t place, const Batch& batch);
  void pace(Batcher& batcher);

  /// Waits, if `may_block`, until something can be done, and does it. It does not read the input
  /// but returns whether `input` is readable. With -1 it does not look at the input.
  bool see_to_all(int input, bool may_block);
  void poll_all(bool may_block, bool for_input);
  void wait_for_writer();
  /// Accepts all of the messages, and then throws the first Failure, if there was one.
  void accept_all(const std::vector<ControlMessage<NewsOfWriter>>& messages);
  void accept(const ControlMessage<NewsOfWriter>& message);

  std::string frame_of(uint32_t input) const;
  std::string_view text_of(const Batch& batch);
  /// The batch, with a checksum of its text if checksums are wanted.
  Ledger::Item item_of(const Batch& batch, std::string_view text) const;
  std::vector<Ledger::Item> cut(const Batch& batch);

  WorkerOptions options_;
  DealPolicy policy_;
  TerminationSignals signals_;
  WriterLink link_;
  RunLog log_;
  WorkerPlaces places_;
  Dealer dealer_;
  std::vector<pollfd> polled_;          // a member so that its memory is used again
  Inputs* inputs_ = nullptr;            // while run() runs
  DealtPart* part_ = nullptr;           // while run() runs; nullptr: the whole input is dealt
  std::unique_ptr<OtherHosts> others_;  // nullptr: all places are here
  uint64_t batch_size_ = 0;             // of batches for places that are here
  std::optional<BatchPacer> pacer_;     // while the workers run a command
  uint64_t chunk_size_ = 0;             // 0: the workers do not scan the input
  Chunks chunks_;
  std::optional<HeaderRows> headers_;
  Hello hello_;  // has no name of an input until the inputs are known
  std::optional<SharedInput> shared_;
  bool has_room_ = true;           // for what is to be read next
  Verdict dealt_;                  // up to where batches have been dealt
  std::optional<uint64_t> begin_;  // with --resume: where reading begins, once p3_write has said it
  uint64_t first_row_ = 0;         // with --resume: the number of the row there
  std::optional<uint64_t> printed_;
};

}  // namespace rowsum
