// SPDX-License-Identifier: MIT
// Opens the streams that p3_write is given, and looks for the parts of a file among them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "p3_write/parts.h"

namespace rowsum {

/// Throws Failure(no_input).
OwnedFd open_stream(const std::string& path);

/// Returns the parts, if one of the streams is a regular file that holds one. Otherwise returns
/// nothing, and says nothing of what is wrong with a stream. `paths`: "-" is standard input, which
/// is not looked at.
///
/// Looks at the beginning and the end of one file after the other, and reads nothing else. Throws
/// as Parts does. If there are parts, also throws Failure(usage) for a stream that is no regular
/// file with a name, Failure(no_input), Failure(bad_data) for one that is damaged there or cut off,
/// and for one that has failed a Failure with its status.
std::optional<Parts> find_parts(const std::vector<std::string>& paths);

}  // namespace rowsum
