// SPDX-License-Identifier: MIT
// The one loop in which the inputs are read, cut into batches, and dealt.
#pragma once

#include <optional>

#include "common/base/failure.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

/// What is to be done next with the current input.
enum class NextStep {
  read,        // the input has something to read, or has ended
  deal_early,  // it has nothing to read now, and the whole rows so far are to go out (R8)
  look_again,  // neither
};

/// Reads some of the current input and feeds it to the batcher. Returns whether the input is over.
/// If reading fails, the whole rows before that are dealt first. (The Destination is that of
/// read_and_deal().)
template <typename Destination>
bool read_and_feed(Inputs& inputs, Batcher& batcher, Destination& destination) {
  const std::span<char> into = destination.space(batcher, batcher.wanted());
  std::optional<size_t> n;
  try {
    n = inputs.read_some(into);
  } catch (const Failure&) {
    if (const auto batch = batcher.take_any()) destination.deal(*batch, batcher);
    throw;
  }
  if (n == 0) {
    batcher.end_input();
  } else if (n) {
    destination.has_read(batcher.scanned(), {into.data(), *n});
    batcher.feed({into.data(), *n});
  }
  return n == 0;
}

/// Reads the inputs to their ends and deals all of their rows. A Destination has these members:
///
/// - `void begin_input(const Batcher&)` is called before an input is read.
/// - `bool read_elsewhere(Batcher&)` returns false if the next bytes are to be read here. Otherwise
///   other processes look at them: it waits, feeds the batcher what they have found, and deals.
/// - `NextStep wait(int input, const Batcher&)` waits until there is a next step.
/// - `std::span<char> space(const Batcher&, size_t bytes)` says where the next bytes of the input
/// go.
/// - `void has_read(uint64_t offset, std::string_view)` gets the bytes that have been read here.
/// - `void deal(const Batch&, const Batcher&)` takes a batch that is full.
/// - `void deal_early(const Batch&, const Batcher&)` takes one that is not.
///
/// `go_on_at_row`: reading the first input begins in its middle, with the row of this number.
/// Throws what Inputs, Batcher and the destination throw.
template <typename Destination>
void read_and_deal(Inputs& inputs, Batcher& batcher, Destination& destination,
                   std::optional<uint64_t> go_on_at_row = std::nullopt) {
  do {
    batcher.begin_input(inputs.index(), inputs.name());
    if (go_on_at_row) batcher.go_on_at_row(*go_on_at_row);
    go_on_at_row.reset();
    destination.begin_input(batcher);
    for (bool is_over = false; !is_over;) {
      if (destination.read_elsewhere(batcher)) continue;
      switch (destination.wait(inputs.fd(), batcher)) {
        case NextStep::read:
          is_over = read_and_feed(inputs, batcher, destination);
          if (const auto batch = batcher.take_full()) destination.deal(*batch, batcher);
          batcher.check();
          break;
        case NextStep::deal_early:
          if (const auto batch = batcher.take_any()) destination.deal_early(*batch, batcher);
          break;
        case NextStep::look_again:
          break;
      }
    }
  } while (inputs.open_next());
}

}  // namespace rowsum
