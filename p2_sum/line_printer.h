// The lines of the output.
#pragma once

#include <cstdint>
#include <string>

#include "p2_sum/exact_sum.h"

namespace rowsum {

/// Appends "index,sum" and LF.
void print_line(uint64_t index, const ExactSum& sum, std::string& lines);

}  // namespace rowsum
