// SPDX-License-Identifier: MIT
#include "p1_read/other_hosts.h"

#include <algorithm>

#include "common/io/read_write.h"

namespace rowsum {

OtherHosts::OtherHosts(std::vector<Host>& hosts, const std::vector<std::string>& ssh)
    : inquiry_(hosts, ssh), is_taken_(hosts.size()) {
  std::vector<pollfd> fds;
  for (size_t i = 0; i < hosts.size(); ++i) {
    while (hosts[i].places == 0 && !inquiry_.has_answered(i)) {
      fds.clear();
      inquiry_.to_poll(fds);
      poll_fds(fds);
      inquiry_.polled(fds);
    }
    if (hosts[i].places == 0) {
      hosts[i].places = std::min(inquiry_.processors(i), most_places_by_default);
    }
    is_taken_[i] = hosts[i].is_here();
    is_here_.push_back(hosts[i].is_here());
    for (size_t n = 0; n < hosts[i].places; ++n) {
      if (!hosts[i].is_here()) places_.push_back(host_of_place_.size());
      host_of_place_.push_back(i);
    }
  }
  is_open_.resize(host_of_place_.size());
}

void OtherHosts::begin(uint64_t batch_size) {
  pacer_.emplace(host_of_place_, is_here_, batch_size);
}

std::vector<size_t> OtherHosts::take_ready() {
  std::vector<size_t> ready;
  if (!pacer_) return ready;
  for (size_t host = 0; host < is_taken_.size(); ++host) {
    if (is_taken_[host] || !inquiry_.has_answered(host)) continue;
    is_taken_[host] = true;
    ready.push_back(host);
  }
  return ready;
}

size_t OtherHosts::credit(size_t place, std::optional<uint64_t> left) const {
  return is_open_[place] ? pacer_->credit(place, left, LinkPacer::Clock::now()) : 0;
}

void OtherHosts::dealt(size_t place, uint64_t begin, uint64_t bytes) {
  pacer_->dealt(place, begin, bytes, LinkPacer::Clock::now());
}

void OtherHosts::returned(size_t place, uint64_t oldest, bool may_have_waited) {
  pacer_->returned(place, oldest, may_have_waited, LinkPacer::Clock::now());
}

std::unique_ptr<OtherHosts> reach_other_hosts(WorkerOptions& options) {
  std::unique_ptr<OtherHosts> others;
  const auto is_here = [](const Host& host) { return host.is_here(); };
  if (!std::all_of(options.hosts.begin(), options.hosts.end(), is_here)) {
    others = std::make_unique<OtherHosts>(options.hosts, options.ssh);
  }
  if (!options.hosts.empty()) options.places = 0;
  for (const Host& host : options.hosts) options.places += host.places;
  return others;
}

}  // namespace rowsum
