// SPDX-License-Identifier: MIT
#include "common/base/program.h"
#include "p3_write/merge_and_write.h"

using namespace rowsum;

int main(int argc, char** argv) {
  return run_program("p3_write", [&] {
    const auto options = parse_write_options(argc, argv);
    return options ? merge_and_write(*options) : ExitStatus::complete;
  });
}
