// SPDX-License-Identifier: MIT
// The options for one of several parts of a file.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>

#include "common/model/part.h"

namespace rowsum {

/// One of three things is to be done: an outline is made, outlines are folded, or a part is dealt.
struct PartOptions {
  Part part;            // not to fold
  std::string outline;  // where the outline goes; empty: none is made
  std::string plan;     // the file with the plan; empty: no part is dealt
  bool folds = false;
};

/// The part of the command line that is about this. It has to outlive the parsing.
class PartArguments {
 public:
  void add_to(boost::program_options::options_description& options);

  /// Returns nothing if the input is not divided. Throws Failure(usage).
  std::optional<PartOptions> parse(const boost::program_options::variables_map& values) const;

 private:
  std::string part_, outline_, plan_;
  bool folds_ = false;
};

}  // namespace rowsum
