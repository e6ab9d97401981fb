// SPDX-License-Identifier: MIT
#include "p1_read/hosts.h"

#include <algorithm>

#include "common/base/arguments.h"
#include "common/base/report.h"

namespace rowsum {

namespace {

constexpr unsigned most_places = 10'000;

Failure bad_host(const std::string& text, const std::string& why) {
  return usage_failure("--hosts: '" + printable(text) + "' " + why);
}

Host parse_host(const std::string& text) {
  // The colons of an IPv6 address are in brackets. ssh takes it without them.
  const size_t open = text.find('[');
  const size_t close = text.find(']');
  if ((open == text.npos) != (close == text.npos) || (open != text.npos && close < open)) {
    throw bad_host(text, "has half a pair of brackets");
  }
  const size_t colon = text.find(':', close == text.npos ? 0 : close);
  Host host{text.substr(0, colon), 0};
  if (open != text.npos) {
    if (colon != close + 1 && close + 1 != text.size()) {
      throw bad_host(text, "goes on after its brackets");
    }
    host.name = text.substr(0, open) + text.substr(open + 1, close - open - 1);
  }
  // Of a name that begins with a hyphen, ssh would make an option.
  if (host.name.empty() || host.name[0] == '-' ||
      host.name.find_first_of(" \t\n") != host.name.npos) {
    throw bad_host(text, "is no host");
  }
  if (colon == text.npos) return host;
  const std::string places = text.substr(colon + 1);
  if (places.find(':') != places.npos) {
    throw bad_host(text, "has several colons; an IPv6 address needs brackets");
  }
  host.places = parse_count("hosts", places, most_places);
  if (host.places == 0) throw bad_host(text, "has no places");
  return host;
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

}  // namespace

std::vector<Host> parse_hosts(const std::string& list) {
  std::vector<Host> hosts;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    hosts.push_back(parse_host(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return hosts;
}

std::vector<std::string> default_ssh() {
  std::vector<std::string> words{"ssh"};
  for (const char* const option :
       {"BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=8", "ServerAliveCountMax=3"}) {
    words.push_back("-o");
    words.push_back(option);
  }
  return words;
}

std::vector<std::string> words_on(const Host& host, std::vector<std::string> ssh,
                                  const std::string& command) {
  ssh.push_back(host.name);
  ssh.push_back(command);
  return ssh;
}

std::string p2_sum_there(const std::vector<std::string>& arguments) {
  std::string command = "exec p2_sum";
  for (const std::string& argument : arguments) command += " " + quoted(argument);
  return command;
}

std::vector<WorkerCommand> commands_on(const std::vector<Host>& hosts, const WorkerCommand& here,
                                       const std::vector<std::string>& ssh) {
  const std::string there = p2_sum_there({here.words.begin() + 1, here.words.end()});
  std::vector<WorkerCommand> commands;
  for (const Host& host : hosts) {
    if (host.is_here()) {
      commands.push_back(here);
    } else {
      commands.push_back({words_on(host, ssh, there), here.name + " on " + host.name, true, true});
    }
  }
  return commands;
}

}  // namespace rowsum
