// SPDX-License-Identifier: MIT
// The main() of a fuzzer without libFuzzer: runs it once for each file of a corpus.
//
//   row_cutter_replay tests/fuzz/corpus/row_cutter
//   row_cutter_replay build-fuzz/crashes/row_cutter-crash-*
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

std::string current;  // the file that is being replayed

void name_the_input() {
  std::fprintf(stderr, "replay: with %s\n", current.c_str());
}

void replay(const fs::path& file) {
  current = file;
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw std::runtime_error("cannot read " + current);
  // The input has a block of memory of its own, so that a sanitizer finds a read beyond its end.
  const std::vector<uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

std::vector<fs::path> files_in(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, [](int) { name_the_input(); });
  try {
    size_t count = 0;
    for (int i = 1; i < argc; ++i) {
      for (const fs::path& file : files_in(argv[i])) {
        replay(file);
        ++count;
      }
    }
    if (count == 0) throw std::runtime_error("no input to replay");
    std::printf("%zu inputs\n", count);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replay: %s\n", error.what());
    name_the_input();
    return 1;
  }
}
