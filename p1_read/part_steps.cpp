// SPDX-License-Identifier: MIT
#include "p1_read/part_steps.h"

#include <sys/stat.h>

#include "common/base/arguments.h"
#include "common/io/output.h"
#include "p1_read/part_files.h"
#include "p1_read/part_outline.h"
#include "p1_read/plan.h"

namespace rowsum {

namespace {

bool is_input(const std::string& path, const Inputs& input) {
  struct stat file, read;
  return ::stat(path.c_str(), &file) == 0 && ::fstat(input.fd(), &read) == 0 &&
         file.st_dev == read.st_dev && file.st_ino == read.st_ino;
}

}  // namespace

void write_outline(const ReadOptions& options) {
  Inputs input(options.inputs);
  input.require_one_plain_file("--part");
  const std::string& path = options.part->outline;
  if (is_input(path, input)) throw usage_failure("--outline: '" + path + "' is the input");
  Output output(path);  // comes first: what cannot be written need not be read
  output.write(to_json(outline_part(input, options.batches, options.part->part)));
  output.commit();
}

void print_plan(const std::vector<std::string>& outlines) {
  if (outlines.empty()) throw usage_failure("--fold needs the outlines of all parts");
  std::vector<NamedOutline> named;
  for (const std::string& path : outlines) {
    named.push_back({path, parse_outline(read_part_file(path), path)});
  }
  Output output("-");
  output.write(to_json(fold(std::move(named))));
  output.commit();
}

}  // namespace rowsum
