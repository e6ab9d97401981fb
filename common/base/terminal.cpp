// SPDX-License-Identifier: MIT
#include "common/base/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace rowsum {

bool understands_escapes(int fd) noexcept {
  const char* const term = std::getenv("TERM");
  return term && *term && std::string_view(term) != "dumb" && ::isatty(fd);
}

}  // namespace rowsum
