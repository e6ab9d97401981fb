// SPDX-License-Identifier: MIT
// The places on other hosts: how many there are, which of them can be dealt to, and how much each
// gets. Knows no batch.
//
//   const std::unique_ptr<OtherHosts> others = reach_other_hosts(options);
//   others->begin(batch_size);
//   others->to_poll(fds);  poll(...);  others->polled(fds);
//   for (size_t host : others->take_ready()) ...start workers there...
//   others->opened(place, true);
//   others->credit(place, left), others->size(place)
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "p1_read/host_inquiry.h"
#include "p1_read/hosts.h"
#include "p1_read/link_pacer.h"
#include "p1_read/options.h"

namespace rowsum {

class OtherHosts {
 public:
  /// Begins to ask the hosts. Gives each that has no number of places as many as it has processors,
  /// but not more than most_places_by_default, and waits for the answers that this needs. `ssh`:
  /// the program, with its options. Throws as HostInquiry does.
  OtherHosts(std::vector<Host>& hosts, const std::vector<std::string>& ssh);

  /// The numbers of the places, in order.
  const std::vector<size_t>& places() const { return places_; }

  /// To be called before the first batch is dealt. No batch has more than `batch_size` bytes.
  void begin(uint64_t batch_size);

  /// Appends what poll(2) is to watch.
  void to_poll(std::vector<pollfd>& fds) const { inquiry_.to_poll(fds); }
  /// Acts on the answer. Throws Failure(system), with the name of the host, if no worker can be
  /// started there.
  void polled(std::span<const pollfd> fds) { inquiry_.polled(fds); }
  /// The hosts, by their numbers, on which workers can be started, and that this has not returned
  /// before. Before begin() there are none.
  std::vector<size_t> take_ready();

  /// The worker at a place has begun its stream, or has ended.
  void opened(size_t place, bool is_open) { is_open_[place] = is_open; }
  /// How many batches the place may have outstanding now; see LinkPacer.
  size_t credit(size_t place, std::optional<uint64_t> left) const;
  /// How many bytes the next batch for the place is to have.
  uint64_t size(size_t place) const { return pacer_->size(place); }

  // What LinkPacer learns from, of all places.
  void dealt(size_t place, uint64_t begin, uint64_t bytes);
  void returned(size_t place, uint64_t oldest, bool may_have_waited);

 private:
  std::vector<size_t> host_of_place_;
  std::vector<size_t> places_;
  std::vector<bool> is_open_;  // by place
  HostInquiry inquiry_;
  std::vector<bool> is_here_;   // by host
  std::vector<bool> is_taken_;  // by host: take_ready() has returned it
  std::optional<LinkPacer> pacer_;
};

/// The other hosts of --hosts; nullptr if there are none. Sets the number of all places, also of
/// those here, if there is --hosts. Throws as OtherHosts does.
std::unique_ptr<OtherHosts> reach_other_hosts(WorkerOptions& options);

}  // namespace rowsum
