// SPDX-License-Identifier: MIT
// What is done once before the parts of a file are dealt: an outline for each, and one plan.
#pragma once

#include <string>
#include <vector>

#include "p1_read/options.h"

namespace rowsum {

/// Makes the outline of a part of the one plain input, and writes it where the options say. Throws
/// Failure, with status usage if the input is not one plain file.
void write_outline(const ReadOptions& options);

/// Writes the plan that follows from these files with outlines to standard output. Throws Failure.
void print_plan(const std::vector<std::string>& outlines);

}  // namespace rowsum
