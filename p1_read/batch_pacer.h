// SPDX-License-Identifier: MIT
// How large the batches are while workers run somebody's command, whose speed nobody knows before.
// Pure: is told the time.
//
// To start a process for each batch takes 20 ms for Python, and should cost less than a tenth of
// the time. But a worker that is busy with one batch for long shows no progress meanwhile, and is
// late in the last seconds of the run. So a batch is to take half a second, or ten times as long as
// a start, if that is more. How long a start takes is learned from batches of different sizes; the
// first ones are small. Until it is known, a place has one batch outstanding, so that few batches
// are dealt in a size that is only guessed. A command that stays has no start that would have to be
// made up for, and its batches take a twentieth of a second.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace rowsum {

class BatchPacer {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr uint64_t first_size = uint64_t{8} << 10;
  static constexpr uint64_t first_size_with_timeout = 512;
  static constexpr uint64_t least_size = 1;  // so that there is one row

  static constexpr size_t most_credit = 2;  // a place with one batch waits for its next one

  /// `most`: no batch is to have more bytes. `timeout`: a worker is killed that works on one for so
  /// many seconds; 0: never. A batch takes a quarter of that time at most, as soon as the speed is
  /// known. `stays`: one process at each place answers batch after batch.
  BatchPacer(size_t places, uint64_t most, unsigned timeout = 0, bool stays = false);

  /// A batch of so many bytes has been dealt to the place.
  void dealt(size_t place, uint64_t bytes, Clock::time_point now);
  /// The oldest batch of the place has come back.
  void returned(size_t place, Clock::time_point now);

  /// How many batches a place may have outstanding.
  size_t credit() const { return start_ ? most_credit : 1; }
  /// How many bytes the next batch is to have.
  uint64_t size() const { return size_; }
  /// The same if the input has only so many bytes left. The share of a place is what it has to get
  /// so that all places are done at the same time. A batch is at most half of that ("factoring":
  /// Hummel, Schonberg, Flynn, 1992), and all of it when the half would be little for a batch. As
  /// long as no batch has come back, a short input is shared out among all places, because its rows
  /// may take long.
  uint64_t size_before_end(uint64_t left) const;

 private:
  struct Outstanding {
    uint64_t bytes;
    Clock::time_point dealt;
  };
  struct Place {
    std::deque<Outstanding> batches;
    uint64_t bytes = 0;            // of these batches
    Clock::time_point free_since;  // when the last batch came back
  };
  struct Sample {
    double bytes;
    double seconds;
  };

  double share(uint64_t left) const;
  void learn(const Sample& batch);
  void compare(const Sample& one, const Sample& other);
  double wanted_after(const Sample& batch);

  uint64_t most_;
  bool stays_;
  double longest_;  // seconds that a batch is to take at most
  uint64_t size_;
  double bytes_of_start_ = 0;       // so many are answered in the time of a start
  std::optional<Sample> quickest_;  // of all batches
  std::optional<double> start_;     // seconds that a start takes, once that is known
  std::vector<Place> places_;
};

}  // namespace rowsum
