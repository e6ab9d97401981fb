// SPDX-License-Identifier: MIT
// Asks each host of --hosts whether a worker can be started there, and how many processors it has.
// Asks all of them at the same time, so that this takes no longer than one connection.
//
//   HostInquiry inquiry(hosts, ssh);
//   inquiry.to_poll(fds);  poll(...);  inquiry.polled(fds);     until all have answered
//
// The question is a stream of batches that has none, for the p2_sum there. If the answer is a
// stream of results, both understand the same version of the format.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "p1_read/hosts.h"

namespace rowsum {

class HostInquiry {
 public:
  /// Starts to ask. `ssh`: the program, with its options. Throws Failure(system).
  HostInquiry(const std::vector<Host>& hosts, const std::vector<std::string>& ssh);
  /// Ends the questions that have no answer.
  ~HostInquiry();
  HostInquiry(const HostInquiry&) = delete;
  HostInquiry& operator=(const HostInquiry&) = delete;

  /// Appends what poll(2) is to watch.
  void to_poll(std::vector<pollfd>& fds) const;
  /// Acts on the answer. Throws Failure(system), with the name of the host, if no worker can be
  /// started there.
  void polled(std::span<const pollfd> fds);

  /// The host has answered, or need not be asked.
  bool has_answered(size_t host) const { return questions_[host].pid == 0; }
  /// How many processors it has, once it has answered.
  size_t processors(size_t host) const { return questions_[host].processors; }

 private:
  struct Question {
    Host host;
    pid_t pid = 0;           // of ssh; 0: there is none any more
    OwnedFd exit;            // readable once it has ended
    OwnedFd output, errors;  // files in memory
    size_t processors = 1;
  };

  void ask(Question& question, const std::vector<std::string>& ssh);
  void accept_answer(Question& question);

  std::vector<Question> questions_;  // one for each host
};

}  // namespace rowsum
