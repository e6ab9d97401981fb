// The launcher's dealing: references to text that the workers read for themselves, over one FIFO a
// place, with p3_write's control channel closing the circle.
//
// Workers may die: when p3_write says that a life is over, the next one of that place gets a FIFO
// of its own and all that the place has not returned (ledger.h). Whoever returns nothing for too
// long is killed, and is then one more that died.
//
// It cannot deadlock: this process blocks in poll(2) and nowhere else (FIFOs are non-blocking, what
// does not fit waits here; a place has at most `credit` batches outstanding, so that is little).
// Hence the control channel always drains, hence p3_write blocks on nothing but its output, hence
// every worker's result is taken in its turn.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/ring.h"
#include "common/model/verdict.h"
#include "common/wire/control.h"
#include "p1_read/batcher.h"
#include "p1_read/dealer.h"
#include "p1_read/inputs.h"
#include "p1_read/ledger.h"
#include "p1_read/options.h"

namespace rowsum {

class Pipeline {
 public:
  /// Opens the first life of every place. Throws Failure(system).
  Pipeline(const ReadPipeline& options, DealPolicy policy);

  /// Deals all of the inputs, ends the streams, waits until p3_write has gone with everything
  /// printed, and removes the directory. Throws Failure; a silent one with the culprit's status
  /// when another program failed.
  void run(Inputs& inputs, const BatcherOptions& options);

  /// Ends all streams with a verdict, and returns once p3_write has made the best of it. Throws a
  /// Failure when there is a place where no worker can end its stream any more.
  void fail(ExitStatus status);

 private:
  using Clock = std::chrono::steady_clock;

  /// What the worker of a place has been given, and how it does.
  struct Place {
    explicit Place(unsigned retries) : ledger(retries) {}

    OwnedFd fifo;
    std::string name;
    uint32_t life = 0;
    std::string pending;            // bytes for which the FIFO had no room yet
    Ledger ledger;                  // what it has not returned
    bool is_alive = false;          // the stream of this life has begun
    bool is_told = false;           // it has been told the end
    bool has_ended = false;         // and its stream of results has come to its end
    unsigned quiet = 0;             // seconds without a byte of what it owes
    Clock::time_point noted_quiet;  // when the last of them was counted
  };

  /// Hears from p3_write, which has the journal, where to go on.
  void hear_where_to_begin(Inputs& inputs);
  /// Waits until p3_write has found that this is still the input that the journal speaks of.
  void hear_that_it_may_go_on();
  void prepare_source(const Inputs& inputs, const BatcherOptions& options);
  void open_fifo(size_t place);
  /// Whether it is known what the workers are to read.
  bool has_hello() const { return !hello_.inputs.empty(); }
  void say_hello(size_t place);
  /// Where the next `bytes` of the input go.
  std::span<char> space(const Batcher& batcher, size_t bytes);
  /// Whether there is a place for the batch that more input may fill, and room in the ring for it.
  bool may_read(const Batcher& batcher) const;
  void deal(size_t place, const Batch& batch);
  void end_streams(const Verdict& verdict);
  /// Sends what the place is to get now.
  void send(size_t place);
  void replace_worker(size_t place);
  /// KIND.PLACE.LIFE in the directory.
  std::string path_of(const char* kind, const Place& place) const;
  /// Those of a life that is over: a run may lose many workers.
  void remove_files(const Place& place) const;
  /// As the ledger has it: with a checksum of `text`, the batch's, if they are wanted.
  Ledger::Item item_of(const Batch& batch, std::string_view text) const;
  void cut_suspect(Ledger& ledger);
  /// The batch's text, as the workers read it; valid until the next call. Throws Failure(io).
  std::string_view text_of(const Batch& batch);
  /// A second in which the place was waited for.
  void note_quiet(size_t place);
  void kill_worker(const Place& place);

  /// Waits, or not, until something can be done: sees to FIFOs that have room and to control
  /// messages, and returns whether `input` is readable (-1: that is not asked).
  bool wait(int input, bool may_block);
  /// Sees to all that p3_write has to say, and only then throws the first Failure of it.
  void take_control();
  void accept(const ControlMessage& message);
  void flush(Place& place);

  ReadPipeline options_;
  Dealer dealer_;
  std::vector<Place> places_;
  std::unique_ptr<Ring> ring_;  // none: the shared file is the input itself
  std::vector<char> scratch_;   // the input's bytes on their way past the cutter, without a ring
  std::vector<char> text_;      // of text_of()
  std::vector<pollfd> polled_;  // of wait(), kept for its memory
  Hello hello_;                 // without a name in it until the inputs are known
  ControlParser control_;
  bool is_control_open_ = true;
  Verdict dealt_;                  // up to where batches have been dealt
  std::optional<Verdict> end_;     // what the streams end with, once that is known
  std::optional<uint64_t> begin_;  // with --resume, once p3_write has said where
  uint64_t first_row_ = 0;         // and the number of the row there
  std::optional<uint64_t> printed_;
};

}  // namespace rowsum
