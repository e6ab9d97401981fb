// SPDX-License-Identifier: MIT
// The places for workers: starts a worker at each, sends it batches and chunks, learns how it
// ended, replaces it, and kills a worker that hangs. Knows no input.
//
//   p1_read --> in.0 --> worker at place 0 --> out.0 --> p3_write      in, out: pipes of the place
//      |  \---> in.1 --> worker at place 1 --> out.1 --/ | ^
//      ^ `-------------------- link ---------------------' |
//      `---------------------- control --------------------'
//
//   all workers --- outlines of chunks --> p1_read
//   all workers --- answered -----------> p1_read      with --deal=pull, or a run log
//
// A place is a seat for a worker. When a worker dies, the next one at its place is given all that
// the place has not returned (ledger.h). A worker is replaced once its process has been waited for
// here, and p3_write has said that its stream is `lost`. Then all that the worker returned has been
// received, and the stream of the next worker can follow in the same pipe.
//
// No function here waits: what a pipe has no room for is kept until poll(2) says that there is
// room.
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
#include "common/wire/scanned_chunk.h"
#include "p1_read/crew.h"
#include "p1_read/ledger.h"
#include "p1_read/options.h"
#include "p1_read/run_log.h"
#include "p1_read/writer_link.h"

namespace rowsum {

/// For so many inputs at each place there are descriptors, if several files are open at once.
constexpr size_t inputs_of_place = 2;

class WorkerPlaces {
 public:
  /// The functions of the caller that WorkerPlaces calls.
  struct Callbacks {
    /// Called when a whole batch of the place has come back, or is on its way back.
    std::function<void(size_t place)> returned;
    /// Returns the text of a batch, which is valid until the next call.
    std::function<std::string_view(const Batch&)> text;
    /// Cuts a batch into smaller ones.
    std::function<std::vector<Ledger::Item>(const Batch&)> cut;
    /// Called when a worker has scanned a chunk. If the outline is of fewer bytes than the chunk
    /// has, no worker can scan it.
    std::function<void(const ScannedChunk&)> scanned;
    /// Returns the frame that a worker gets before the first batch or chunk of an input; may be
    /// empty.
    std::function<std::string(uint32_t input)> input_frame;
    /// A place on another host can be dealt to from now on, or cannot any more.
    std::function<void(size_t place, bool is_open)> opened;
  };

  /// `link`, and `log` if it is no nullptr, must outlive this object. Raises the limit of
  /// descriptors. Throws Failure(system) if it is too low for so many places.
  WorkerPlaces(const WorkerOptions& options, WriterLink& link, RunLog* log, Callbacks callbacks);

  /// The hello that each worker gets. To be set before a worker is started. `batch_size`: about so
  /// many bytes has a batch; the rings for results have room for some results.
  void set_hello(const Hello& hello, uint64_t batch_size);

  /// To be called before a worker is started, if chunks will be dealt. `with_checksums`: of the
  /// bytes of each chunk as well. Throws Failure(system).
  void open_outlines(bool with_checksums);

  /// To be called before a worker is started, if the workers are to say when they have answered a
  /// batch. Otherwise that is known when p3_write has received the result, which it takes in the
  /// order of the input. `is_return`: an answered batch counts as returned. Throws Failure(system).
  void open_answers(bool is_return);

  /// Starts the first worker of a place, if the place has had none. Throws Failure(system) if that
  /// fails; then the place has been given up.
  void fill(size_t place);
  /// Starts the workers on another host, a few at a time: the first ones now. Each place there gets
  /// its worker before it is dealt anything, because that takes a while.
  void start_on(size_t host);
  /// Sends a batch to the worker at the place, with to_poll(). The place must have had a worker.
  void deal(size_t place, const Ledger::Item& item);
  /// Sends a chunk of an input to the worker at the place, likewise. Its outline will come.
  void deal_chunk(size_t place, const Range& range, uint32_t input);
  /// Ends all streams. The outstanding batches are sent before the end. Outlines of chunks do not
  /// have to come any more.
  void end_streams(const Verdict& verdict);
  bool has_end() const { return end_.has_value(); }
  /// The first place on this machine; 0 if there is none.
  size_t first_place_here() const;

  /// Where the oldest batch that has not come back begins; `otherwise` if there is none.
  uint64_t oldest_outstanding(uint64_t otherwise) const;
  /// Whether a place here has answered so much that has not come back that its worker may wait for
  /// room.
  bool may_wait_for_room() const;
  /// The first input of which a batch has not come back; `otherwise` if there is none.
  uint32_t oldest_input(uint32_t otherwise) const;

  /// to_poll() sends what there is to send, and appends what poll(2) is to watch; polled() acts on
  /// the answer. Both throw Failure; it is silent for a place that fails the run, because that has
  /// been reported.
  void to_poll(std::vector<pollfd>& fds);
  void polled(std::span<const pollfd> fds);
  /// Milliseconds until see_to_time() has something to do; -1: it has nothing to do.
  int time_left() const;
  /// Does what depends on the time and is due now. Throws as polled() does.
  void see_to_time();
  /// Acts on a message of p3_write about a place. Throws as polled() does, and std::out_of_range
  /// for a place that does not exist.
  void accept(const ControlMessage<NewsOfWriter>& message);

  /// Kills all workers and all that they have started, and waits for their ends.
  void kill_all() { crew_.end(); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Place {
    Place(unsigned retries, size_t number_of_host)
        : host(number_of_host), worker_host(number_of_host), ledger(retries) {}

    size_t host;         // where it is
    size_t worker_host;  // where its last worker is: there, or the host of a substitute

    OwnedFd in;  // the writing end of what the worker reads; closed once the worker has been told
                 // the end
    OwnedFd in_to_open;  // its reading end, which is opened again for the next worker
    OwnedFd out;  // the reading end of what the worker writes. p3_write opens it again, and its
                  // writing end is opened again for the next worker
    std::optional<uint32_t> input;  // the one that its worker has been told of last
    OwnedFd results;                // the ring for its results, if there is one
    std::string pending;            // bytes for `in`, of which the first `written` have been
    size_t written = 0;             // written. There was no room for the others yet
    Ledger ledger;                  // what the place has not returned

    // About its last worker:
    std::optional<Fate> fate;       // how it ended, until that has been handled
    Clock::time_point ended_since;  // when it ended
    bool is_lost = false;           // p3_write can read no more of its stream
    Clock::time_point lost_since;   // when p3_write said so
    bool is_alive = false;          // its stream has begun
    bool gets_text = false;         // with each batch, because it cannot read the input itself
    bool is_told = false;           // it has been sent the end of its input stream
    bool has_ended = false;         // the end of its stream has come
    bool is_released = false;       // it is a substitute that is not needed any more
    bool is_hung = false;           // its time is over, because it returned nothing
    bool is_probed = false;         // p3_write has been asked, and has not answered
    unsigned quiet = 0;             // answers `quiet` in a row, one a second

    /// When the next worker is to be started, after one on another host has died.
    std::optional<Clock::time_point> next_start;

    bool is_gone = false;  // p3_write has been told that the place gets no worker any more

    bool has_pending() const { return written < pending.size(); }
    /// Its stream is not over: there is a worker, or one has died and is to be replaced.
    bool is_open() const { return out.is_open() && !has_ended && !is_gone; }
    /// Its worker has ended, while another process may still write its stream.
    bool has_left_something() const { return fate && !is_lost && !has_ended && !is_gone; }
  };

  struct HostState {
    WorkerCommand command;
    bool is_given_up = false;  // it is dealt nothing any more
  };

  /// The ends of pipes that become the standard input and output of a worker. Then they are closed
  /// here, so that the worker is the only writer of its output.
  struct WorkerEnds {
    OwnedFd in, out;
  };

  // Starting, and sending (worker_places.cpp)
  /// The program of the last worker at the place, or of the first one.
  const WorkerCommand& worker_of(const Place& place) const {
    return hosts_[place.worker_host].command;
  }
  bool is_elsewhere(const Place& place) const { return hosts_[place.host].command.is_elsewhere; }
  bool has_substitute(const Place& place) const { return place.worker_host != place.host; }
  bool has_worker(size_t place) const { return crew_.is_running(place) || places_[place].fate; }
  WorkerEnds open_pipes(Place& at);
  WorkerEnds open_pipes_again(Place& at);
  void start_worker(size_t place);
  void try_to_start_worker(size_t place);
  void send(size_t place);
  bool may_send(const Place& to) const;
  std::string batch_frame(const Ledger::Item& item, bool with_text) const;
  void flush(size_t place);
  void end_complete_streams();
  void end_failed_streams();
  void result_received(size_t place, uint64_t end);
  void read_outlines();
  void read_answers();

  // Workers that end, or do not (worker_deaths.cpp)
  std::string name_of(size_t place) const;
  void settle(size_t place);
  void log_death(size_t place, const Fate& fate);
  void replace_worker(size_t place, const std::string& fate);
  void settle_suspect(size_t place);
  std::optional<size_t> substitute_host(const Place& place) const;
  void give_up_host(size_t host);
  void start_next_worker(size_t place);
  void release_substitute(size_t place);
  void warn_of_silence();
  void ask_whether_quiet();
  void answered_quiet(size_t place);
  void sweep_what_is_left(size_t place);
  bool is_failing() const { return end_ && !end_->is_complete(); }
  void report_failed_place(size_t place, const std::string& what);
  void give_up_place(size_t place, ExitStatus status);
  [[noreturn]] void fail_place(size_t place, ExitStatus status);

  WorkerOptions options_;
  WriterLink& link_;
  RunLog* log_;  // nullptr: nobody wants to know
  Callbacks callbacks_;
  Crew crew_;
  std::vector<HostState> hosts_;  // without --hosts one, which is this machine
  std::deque<Place> places_;
  Hello hello_;
  uint64_t result_ring_size_ = 0;  // 0: there are none
  OwnedFd outlines_;               // the reading end of the pipe for outlines, if there is one
  OwnedFd outlines_to_write_;      // its writing end, which all workers inherit
  ScannedChunkParser outline_parser_;
  uint16_t flags_of_chunks_ = 0;
  OwnedFd answers_;  // likewise for the messages that batches are answered
  OwnedFd answers_to_write_;
  ControlParser<NewsOfWorker> answer_parser_;
  bool answer_is_return_ = false;
  std::optional<Verdict> end_;  // what the streams end with, once that is known
  bool has_reported_ = false;   // that a place has failed the run
  Clock::time_point next_probe_;
  /// When it is told that no worker has begun its stream; nothing if one has, or if that was told.
  std::optional<Clock::time_point> warning_;
  bool has_started_ = false;  // any worker
};

}  // namespace rowsum
