// SPDX-License-Identifier: MIT
// How much a place on another host gets at once. Pure: is told the time.
//
// The output is in order, and little of it is held in memory. So if the batch of one place comes
// back late, all other places wait for it. How late it comes depends on the connection and on the
// host, which nobody knows before. So the first batch of a host is small, and the next one is twice
// as large as long as nobody waits. After one that the others have waited for, the host gets half
// as much, and nothing at all for 50 times as long as they have waited. So in a long run they lose
// about 2 % of their time. In a short one they lose what it takes to find that out: up to three
// batches are on their way to a place when the first of them is late. The places of a host share
// its connection, so this is counted by host.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace rowsum {

class LinkPacer {
 public:
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

  static constexpr uint64_t first_size = uint64_t{8} << 10, least_size = uint64_t{2} << 10;
  static constexpr double rest = 50;        // so much longer than the others waited
  static constexpr size_t most_credit = 3;  // one is on its way there, one is answered, one comes

  /// `host_of_place`: the host of each place. `is_here`: of each host, whether it is this machine.
  /// No batch is to have more than `most` bytes.
  LinkPacer(std::vector<size_t> host_of_place, const std::vector<bool>& is_here, uint64_t most);

  /// A batch of so many bytes that begins at `begin` has been dealt to the place.
  void dealt(size_t place, uint64_t begin, uint64_t bytes, Clock::time_point now);
  /// The oldest batch of the place has come back. `oldest`: where the oldest batch begins that has
  /// not come back from any place. `may_have_waited`: the places here may have been unable to go on
  /// before that one comes back. Then they may have nothing outstanding, and wait nevertheless.
  void returned(size_t place, uint64_t oldest, bool may_have_waited, Clock::time_point now);

  /// How many bytes the next batch for the place is to have.
  uint64_t size(size_t place) const { return hosts_[host_of_place_[place]].size; }
  /// How many batches the place may have outstanding now. `left`: how many bytes the input still
  /// has, if that is known. In the end the others would wait for what the place is given.
  size_t credit(size_t place, std::optional<uint64_t> left, Clock::time_point now) const;

 private:
  struct Outstanding {
    uint64_t begin;
    uint64_t bytes;
    Clock::time_point dealt;
  };
  struct HostState {
    bool is_here = false;
    uint64_t size = first_size;
    bool has_answered = false;
    Seconds flight{0.5};  // from dealing a batch until it came back, the last time
    uint64_t bytes = 0;   // of that batch
    Clock::time_point rests_until;
    size_t outstanding = 0;  // batches of all its places
    Clock::time_point last;  // when a batch came back
    Seconds gap{0};          // the time between two of them, on average,
    Seconds longest_gap{0};  // and at most, of late
  };

  void note_gap(HostState& host, Clock::time_point now);
  /// How long the other hosts have had work, or could have had it, and have returned nothing,
  /// beyond what is usual.
  Seconds waited_by_others(size_t host, Clock::time_point now) const;

  std::vector<size_t> host_of_place_;
  std::vector<std::deque<Outstanding>> places_;
  std::vector<HostState> hosts_;
  uint64_t most_;
  uint64_t returned_ = 0;                   // bytes
  std::optional<Clock::time_point> begin_;  // of the first batch
};

}  // namespace rowsum
