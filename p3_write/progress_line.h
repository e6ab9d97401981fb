// SPDX-License-Identifier: MIT
// What a user is shown of a run that goes on: from numbers to a line of text. Pure, and allocates
// nothing, so that the handler of a signal can make a line.
#pragma once

#include <boost/static_string.hpp>
#include <chrono>
#include <cstdint>

namespace rowsum {

/// How far a run has come. Bytes are of the input.
struct ProgressNumbers {
  uint64_t begin = 0;  // where this run began: not at 0 if it goes on with an earlier one
  uint64_t done = 0;   // up to here everything is written
  uint64_t end = 0;    // where the input will probably end; 0: that is not known
  uint64_t rows = 0;
  uint64_t rejects = 0;
  uint64_t workers_lost = 0;
  std::chrono::milliseconds elapsed{0};
};

using ProgressLine = boost::static_string<256>;

/// "1.2 GB of 3.3 GB (36%), 12,345,678 rows, 0:06 so far, 210 MB/s, 0:10 left". What is not known
/// is left out, and so are workers lost and rejected rows if there are none. Time and rate are of
/// this run, everything else is of the whole input.
ProgressLine progress_text(const ProgressNumbers& numbers);

/// The same with a bar, in at most `columns` characters: " 36% [===>      ] 1.2/3.3 GB, 210 MB/s,
/// 0:10 left". If the end is not known, there is no bar. What has no room is left out, the least
/// important first.
ProgressLine progress_bar(const ProgressNumbers& numbers, size_t columns);

}  // namespace rowsum
