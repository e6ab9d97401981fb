// How many lines some text has: every result's are counted, so it has to be fast.
#pragma once

#include <cstdint>
#include <string_view>

namespace rowsum {

/// The number of LFs.
uint64_t count_lines(std::string_view text);

}  // namespace rowsum
