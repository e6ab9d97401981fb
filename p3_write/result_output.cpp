// SPDX-License-Identifier: MIT
#include "p3_write/result_output.h"

#include "p3_write/result_stream.h"
#include "p3_write/result_writer.h"

namespace rowsum {

std::unique_ptr<ResultOutput> open_result_output(const WriteOptions& options) {
  if (options.as_stream) return std::make_unique<ResultStream>(options.output);
  return std::make_unique<ResultWriter>(options);
}

}  // namespace rowsum
