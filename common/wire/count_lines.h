// SPDX-License-Identifier: MIT
// Counts the lines of a text. The lines of every result are counted, so this has to be fast.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowsum {

/// The number of LFs.
uint64_t count_lines(std::string_view text);

}  // namespace rowsum
