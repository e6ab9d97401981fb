// SPDX-License-Identifier: MIT
// What is to be done before a signal ends this process.
#pragma once

namespace rowsum {

/// Has `act` called before SIGHUP, SIGINT, SIGQUIT or SIGTERM ends this process. A signal that is
/// ignored stays ignored. `act` runs in the handler of the signal, so it may do only what
/// signal-safety(7) allows. There are three acts at most; one that is given again is called once.
void before_death_by_signal(void (*act)());

/// Has this message reported then, from now on; nullptr: none.
void report_on_signals(const char* message);

}  // namespace rowsum
