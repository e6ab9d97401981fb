// The header rows of the inputs, which workers get before the first batch of each input.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

class HeaderRows {
 public:
  /// Notes the header row of the batcher's current input, if it has one and that was not known.
  void note(uint32_t input, const Batcher& batcher);
  /// Reads the header row of the one plain file, if reading begins in its middle. Throws as Inputs
  /// and Batcher do.
  void read(const Inputs& inputs, const BatcherOptions& options);

  /// The header row of an input, with its row end; empty if it has none.
  std::string of(uint32_t input) const;
  /// Those of inputs before this one are not needed any more.
  void forget_before(uint32_t input);

 private:
  struct Header {
    uint32_t input;
    std::string row;
  };
  std::deque<Header> headers_;
};

}  // namespace rowsum
