// SPDX-License-Identifier: MIT
// Answers each row by a line that somebody's function makes of it (rowsum/worker.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/wire/hello.h"
#include "common/worker/answerer.h"
#include "common/worker/public/rowsum/worker.h"

namespace rowsum {

using WriteLineOfIntegers = std::function<void(Integers row, std::string& line)>;
using WriteLineOfFields = std::function<void(Fields row, std::string& line)>;

/// Says in the hello that the lines are text, and that this program makes them.
///
/// The answerer throws Failure(internal) if the function breaks the promises of run_worker(), or if
/// the lines of a batch are more than one answer may have. std::bad_alloc passes.
std::unique_ptr<Answerer> make_row_answerer(WriteLineOfIntegers write_line, Hello& results);
std::unique_ptr<Answerer> make_row_answerer(WriteLineOfFields write_line, Hello& results);

}  // namespace rowsum
