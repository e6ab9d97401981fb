// SPDX-License-Identifier: MIT
// The streams of the parts of a file, which may have been computed on several machines: whether
// they are all there and belong together, and in which order they are to be merged. Pure: knows
// what the streams say of themselves, and not the files that they are in.
#pragma once

#include <string>
#include <vector>

#include "common/wire/hello.h"

namespace rowsum {

struct PartStream {
  std::string name;  // of its file
  Hello hello;
};

class Parts {
 public:
  /// The streams of one part, which are to be merged with each other: `p1_read --to` makes several.
  using Streams = std::vector<PartStream>;

  /// `streams`: in any order; at least one is of a part. Throws Failure(bad_data) if one of them is
  /// not of a part, if they are of different plans, or if a part is missing.
  explicit Parts(Streams streams);

  const std::vector<Streams>& in_order() const { return parts_; }

  /// What a stream of the whole file would say.
  Hello whole() const;

 private:
  std::vector<Streams> parts_;
};

}  // namespace rowsum
