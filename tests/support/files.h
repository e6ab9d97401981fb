// SPDX-License-Identifier: MIT
// Reads and writes whole files, for tests.
#pragma once

#include <fcntl.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/io/owned_fd.h"

namespace rowsum {

inline std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

/// Opens a new or an existing file for reading and writing.
inline OwnedFd open_file(const std::string& path, int flags = O_RDWR | O_CREAT) {
  OwnedFd file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file.is_open()) throw std::runtime_error("cannot open " + path);
  return file;
}

}  // namespace rowsum
