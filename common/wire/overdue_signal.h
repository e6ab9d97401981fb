// SPDX-License-Identifier: MIT
// How p1_read tells a p2_sum with a command that its time is over.
#pragma once

#include <signal.h>

namespace rowsum {

/// p1_read sends this signal to a p2_sum that runs a command and has returned nothing for the time
/// of --worker-timeout. p2_sum kills its command, reports which rows that had, and ends with
/// ExitStatus::command_failed. If it is still there at the next probe, p1_read kills it.
constexpr int overdue_signal = SIGALRM;

}  // namespace rowsum
