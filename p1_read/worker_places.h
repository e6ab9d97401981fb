// The places for workers: starts a worker at each, sends it its batches, sees how it ends, replaces
// it, and kills one that hangs. Knows no input.
//
//   p1_read --> in.0 --> worker at place 0 --> out.0 --> p3_write      in, out: pipes of the place
//      |  \---> in.1 --> worker at place 1 --> out.1 --/ | ^
//      ^ `-------------------- link ---------------------' |
//      `---------------------- control --------------------'
//
// A place is a seat for a worker. When a worker dies, the next one at its place is given all that
// the place has not returned (ledger.h). A worker is replaced once its process has been waited for
// here, and p3_write says that its stream is `lost`: then what it returned has all been received,
// and the next worker's stream can follow in the same pipe.
//
// Nothing here waits: what a pipe has no room for is kept until poll(2) says that it has.
#pragma once

#include <poll.h>

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/model/verdict.h"
#include "common/wire/control.h"
#include "common/wire/hello.h"
#include "p1_read/crew.h"
#include "p1_read/ledger.h"
#include "p1_read/options.h"
#include "p1_read/writer_link.h"

namespace rowsum {

/// Raises the limit of file descriptors. Throws Failure(system) where there are too few of them for
/// so many places.
void reserve_descriptors(size_t places);

class WorkerPlaces {
 public:
  /// What the places ask of the code that deals to them.
  struct Callbacks {
    std::function<void(size_t place)> returned;  // a whole batch of the place has come back
    std::function<std::vector<Ledger::Item>(const Batch&)> cut;  // a batch into smaller ones
  };

  /// `link`: must outlive this object.
  WorkerPlaces(const WorkerOptions& options, WriterLink& link, Callbacks callbacks);

  /// What each worker is told of the run. To be set before one is started.
  void set_hello(const Hello& hello) { hello_ = hello; }

  /// Starts the first worker of a place, if there has been none. Throws Failure(system) if that
  /// cannot be; the place has then been given up.
  void fill(size_t place);
  /// Sends a batch to the worker there, now or as soon as it can be sent. There must have been one.
  void deal(size_t place, const Ledger::Item& item);
  /// Ends all streams. What is outstanding comes before the end.
  void end_streams(const Verdict& verdict);
  bool has_end() const { return end_.has_value(); }

  /// Where the oldest batch begins that has not come back; `otherwise` if there is none.
  uint64_t oldest_outstanding(uint64_t otherwise) const;

  /// Appends what poll(2) is to watch, and sees to its answer. Throws Failure: a silent one for a
  /// place that fails the run, about which a line has been said.
  void to_poll(std::vector<pollfd>& fds) const;
  void polled(std::span<const pollfd> fds);
  /// Milliseconds until something is to be done that no descriptor tells; -1: nothing is.
  int time_left() const;
  /// Does what is to be done by now. Throws as polled() does.
  void see_to_time();
  /// What p3_write has said of a place. Throws as polled() does, and std::out_of_range for a place
  /// that there is not.
  void accept(const ControlMessage<NewsOfWriter>& message);

  /// Kills all workers, with all that they have started, and waits for their ends.
  void kill_all() { crew_.end(); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Place {
    explicit Place(unsigned retries) : ledger(retries) {}

    OwnedFd in;  // the writing end of what the worker reads; closed once the worker has been told
                 // the end
    OwnedFd in_to_open;  // its reading end, which is opened anew for the next worker
    OwnedFd out;         // the reading end of what the worker writes, which p3_write opens anew; so
                         // is its writing end for the next worker
    std::string pending;  // bytes for which `in` had no room yet
    Ledger ledger;        // what the place has not returned

    // Of its last worker:
    std::optional<Fate> fate;       // how it ended, until that has been seen to
    Clock::time_point ended_since;  // when it ended
    bool is_lost = false;           // p3_write can read no more of its stream
    Clock::time_point lost_since;   // when p3_write said so
    bool is_alive = false;          // its stream has begun
    bool is_told = false;           // it has been told the end
    bool has_ended = false;         // its stream has come to its end
    bool is_hung = false;           // it has been killed because it returned nothing
    bool is_probed = false;         // p3_write has been asked, and has not answered
    unsigned quiet = 0;             // seconds without a byte of what it owes

    bool is_gone = false;  // p3_write has been told that no worker will be there any more

    /// Its stream is not over: there is a worker, or one has died and is to be replaced.
    bool is_open() const { return out.is_open() && !has_ended && !is_gone; }
    /// Its worker has ended, while another process may still write its stream.
    bool has_left_something() const { return fate && !is_lost && !has_ended && !is_gone; }
  };

  /// What becomes the standard input and output of a worker, and is then closed here: a worker is
  /// the only writer of its output.
  struct WorkerEnds {
    OwnedFd in, out;
  };

  // Starting, and sending (worker_places.cpp)
  WorkerEnds open_pipes(Place& at);
  WorkerEnds open_pipes_again(Place& at);
  void start_worker(size_t place);
  void try_to_start_worker(size_t place);
  void send(size_t place);
  void flush(Place& at);
  void result_received(size_t place, uint64_t end);

  // Workers that end, or do not (worker_deaths.cpp)
  std::string name_of(size_t place) const;
  void settle(size_t place);
  void replace_worker(size_t place, const std::string& fate);
  void ask_whether_quiet();
  void answered_quiet(size_t place);
  void sweep_what_is_left(size_t place);
  bool is_failing() const { return end_ && !end_->is_complete(); }
  void report_failed_place(size_t place, const std::string& what) const;
  void give_up_place(size_t place, ExitStatus status);
  [[noreturn]] void fail_place(size_t place, ExitStatus status);

  WorkerOptions options_;
  WriterLink& link_;
  Callbacks callbacks_;
  Crew crew_;
  std::deque<Place> places_;
  Hello hello_;
  std::optional<Verdict> end_;  // what the streams end with, once that is known
  Clock::time_point next_probe_;
};

}  // namespace rowsum
