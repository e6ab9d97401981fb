// Dealing to workers that this program starts itself: it sends them references to text that they
// read for themselves, and p3_write closes the circle by saying what has come back.
//
//   p1_read --> in.0 --> worker at place 0 --> out.0 --> p3_write      in, out: pipes of the place
//      |  \---> in.1 --> worker at place 1 --> out.1 --/ | ^
//      ^ `-------------------- link ---------------------' |
//      `---------------------- control --------------------'
//
// A place is a seat for a worker. It gets its first worker with its first batch. When a worker
// dies, the next one at its place is given all that the place has not returned (ledger.h). A worker
// is replaced once it has been waited for here, and p3_write says that its stream is `lost`:
// then what it returned has all been received, and the next worker's stream can follow in the same
// pipe.
//
// It cannot deadlock: this process waits in poll(2) and nowhere else (what a pipe has no room for
// waits here; a place has at most `credit` batches outstanding, so that is little). Hence the
// control always drains, hence p3_write waits for nothing but its output, hence every worker's
// result is taken in its turn.
#pragma once

#include <poll.h>
#include <signal.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/model/verdict.h"
#include "common/wire/shared_text.h"
#include "p1_read/batcher.h"
#include "p1_read/crew.h"
#include "p1_read/dealer.h"
#include "p1_read/inputs.h"
#include "p1_read/ledger.h"
#include "p1_read/options.h"
#include "p1_read/read_loop.h"
#include "p1_read/shared_input.h"
#include "p1_read/writer_link.h"

namespace rowsum {

class WorkerDealing {
 public:
  /// `link`: to p3_write; not owned. From now on SIGHUP, SIGINT, SIGQUIT and SIGTERM end the
  /// workers before they end this process. Throws Failure(system), also where there are too few
  /// descriptors for so many places.
  WorkerDealing(const WorkerOptions& options, DealPolicy policy, int link);

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
  using Clock = std::chrono::steady_clock;

  /// SIGHUP, SIGINT, SIGQUIT and SIGTERM, as a descriptor that is readable when one has come,
  /// unless they are ignored.
  class Signals {
   public:
    Signals();
    ~Signals();
    int fd() const { return file_.get(); }
    /// Dies by the one that has come.
    [[noreturn]] void die();

   private:
    OwnedFd file_;
    sigset_t before_;
  };

  struct Place {
    explicit Place(unsigned retries) : ledger(retries) {}

    OwnedFd in;  // the writing end of what the worker reads; closed once the worker has been told
                 // the end
    OwnedFd in_to_open;  // its reading end, which is opened anew for a worker that replaces another
    OwnedFd out;         // the reading end of what it writes, which p3_write opens anew; so is its
                         // writing end for a worker that replaces another
    std::string pending;  // bytes for which the pipe had no room yet
    Ledger ledger;        // what the place has not returned

    // Of its last worker:
    std::optional<Fate> fate;       // how it ended
    Clock::time_point ended_since;  // if it has
    bool is_lost = false;           // p3_write can read no more of its stream
    Clock::time_point lost_since;   // if so
    bool is_alive = false;          // its stream has begun
    bool is_told = false;           // it has been told the end
    bool has_ended = false;         // its stream has come to its end
    bool is_hung = false;           // it has been killed because it returned nothing
    bool is_probed = false;         // p3_write has been asked, and has not answered
    unsigned quiet = 0;             // seconds without a byte of what it owes

    /// Its stream is not over: there is a worker, or one has died and is to be replaced.
    bool is_open() const { return out.is_open() && !has_ended && !is_gone; }
    bool is_gone = false;  // p3_write has been told that no worker will be there any more
  };

  /// What becomes the standard input and output of a worker, and is then closed here: a worker is
  /// the only writer of its output.
  struct WorkerEnds {
    OwnedFd in, out;
  };

  std::string name_of(size_t place) const;
  WorkerEnds open_pipes(Place& at);
  WorkerEnds open_pipes_again(Place& at);
  /// Gives the place up where that cannot be. Throws Failure(system).
  void start_worker(size_t place);
  void try_to_start_worker(size_t place);
  void take_dealt(size_t place, const Batch& batch);
  void end_streams(const Verdict& verdict);
  /// Sends what the place is to get now.
  void send(size_t place);
  void flush(Place& at);

  /// Waits, or not, until something can be done, and does it, except for reading the input (-1: it
  /// is not asked about): whether that is readable.
  bool see_to_all(int input, bool may_block);
  void wait_for_writer();
  /// Throws the first Failure of what p3_write has said, after all of it has been seen to.
  void accept_all(const std::vector<ControlMessage<NewsOfWriter>>& messages);
  void accept(const ControlMessage<NewsOfWriter>& message);

  /// Sees to a worker that has ended, or whose stream has.
  void settle(size_t place);
  void replace_worker(size_t place, const std::string& fate);
  bool is_failing() const { return end_ && !end_->is_complete(); }
  /// Only of the first place that fails a run: one line is enough.
  void report_failed_place(size_t place, const std::string& what) const;
  [[noreturn]] void end_wrong_worker(size_t place);
  /// No worker will be at the place any more, and its stream ends with this status.
  void give_up_place(size_t place, ExitStatus status);
  void cut_suspect(Ledger& ledger);
  /// As the ledger has it: with a checksum of its text, if they are wanted.
  Ledger::Item item_of(const Batch& batch, std::string_view text) const;
  std::string_view text_of(const Batch& batch);

  /// Milliseconds until something is to be done that no descriptor tells; -1: nothing is.
  int time_left();
  void see_to_time();
  /// Of a worker that has ended while its stream may still be written.
  void see_to_what_is_left(size_t place);
  void ask_for_quiet();
  WorkerOptions options_;
  Signals signals_;
  WriterLink link_;
  Crew crew_;
  Dealer dealer_;
  std::deque<Place> places_;
  std::vector<pollfd> polled_;  // kept for its memory
  Hello hello_;                 // without the name of an input until the inputs are known
  std::optional<SharedInput> shared_;
  std::optional<SharedText> text_;
  Verdict dealt_;               // up to where batches have been dealt
  std::optional<Verdict> end_;  // what the streams end with, once that is known
  Clock::time_point next_probe_;
  std::optional<uint64_t> begin_;  // with --resume, once p3_write has said where
  uint64_t first_row_ = 0;         // and the number of the row there
  std::optional<uint64_t> printed_;
};

}  // namespace rowsum
