// SPDX-License-Identifier: MIT
// The header rows of the inputs, which workers get before the first batch of each input.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "common/csv/field_list.h"
#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

/// Reads the one plain file from its beginning, whatever part of it is to be dealt, until it is
/// known where its rows begin. Throws as Inputs and Batcher do, if the header row is wrong.
Batcher read_beginning(const Inputs& inputs, const BatcherOptions& options);

class HeaderRows {
 public:
  /// `fields`: if there are names of columns in its list, every header is to have them.
  HeaderRows(const FieldRules& fields, Dialect dialect);

  /// Notes the header row of the batcher's current input, if it has one and that was not known.
  /// Throws Failure(usage) if it lacks a name in the list of fields.
  void note(const Batcher& batcher);
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
  std::optional<FieldList> named_;  // the list of fields, if it has names
  Dialect dialect_;
};

}  // namespace rowsum
