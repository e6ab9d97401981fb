// SPDX-License-Identifier: MIT
// The list of --hosts: on which machines the workers are, and how one is started there.
//
//   a,user@b:8,[fe80::1]:2,localhost:4
//
// A worker on this machine is a child of p1_read that reads the input itself. A worker on another
// host is started through ssh(1), through which it also gets its rows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "p1_read/crew.h"

namespace rowsum {

/// How many places a machine has at most, unless the user says how many.
constexpr size_t most_places_by_default = 64;

struct Host {
  std::string name;   // as ssh takes it
  size_t places = 0;  // 0: as many as the host has processors

  /// "localhost" is this machine.
  bool is_here() const { return name == "localhost"; }
  bool operator==(const Host&) const = default;
};

/// Throws Failure(usage).
std::vector<Host> parse_hosts(const std::string& list);

/// ssh that never asks for a password, and that notices within half a minute that a host does not
/// answer any more.
std::vector<std::string> default_ssh();

/// What `ssh` (the program, with its options) has to execute to run a command on the host.
/// `command` is in the quoting of the shell there.
std::vector<std::string> words_on(const Host& host, std::vector<std::string> ssh,
                                  const std::string& command);

/// The command of p2_sum, found by the PATH that ssh gives to it, with these arguments: in the
/// quoting of a shell.
std::string p2_sum_there(const std::vector<std::string>& arguments);

/// For each host, what is to be started at its places. `here`: the worker on this machine, with its
/// arguments.
std::vector<WorkerCommand> commands_on(const std::vector<Host>& hosts, const WorkerCommand& here,
                                       const std::vector<std::string>& ssh);

}  // namespace rowsum
