// SPDX-License-Identifier: MIT
// What a user may want to change when a row is rejected.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/model/reject.h"
#include "common/wire/hello.h"

namespace rowsum {

/// Returns what may help against a reject of this kind, as clauses of one line: "if the first row
/// is a header: --header". None if there is nothing to say, or if the reject is not about a field
/// that is no integer. `row`: its number among all rows.
std::vector<std::string> hints_about(const Reject& reject, uint64_t row, const Hello& hello);

}  // namespace rowsum
