// SPDX-License-Identifier: MIT
// A worker in C++ that does what its input says.
//
//   odd_worker            shows the fields of each row as text, a bar before each and ~ for LF
//   odd_worker integers   the same for integers
//
// The first field of a row may be a command: `print` to standard output, and let a child read and
// print; `reject`; `throw` an exception; `two` lines for the row; `abort`.
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <rowsum/worker.h>

namespace {

void obey(std::string_view command, std::string& line) {
  if (command == "print") {
    std::cout << "a word of the worker" << std::endl;
    [[maybe_unused]] const int ignored = std::system("cat; echo 'a word of its child'");
  }
  if (command == "reject") throw rowsum::Rejected("it says so", 1);
  if (command == "throw") throw std::runtime_error("what a pity");
  if (command == "two") line += "one\n";
  if (command == "abort") std::abort();
}

void show_fields(rowsum::Fields row, std::string& line) {
  if (!row.empty()) obey(row[0], line);
  for (const std::string_view field : row) {
    line += '|';
    for (const char byte : field) line += byte == '\n' ? '~' : byte;
  }
}

std::string show_integers(rowsum::Integers row) {
  std::string line;
  for (const std::int64_t field : row) line += "|" + std::to_string(field);
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const bool shows_integers = argc > 1 && argv[1] == std::string("integers");
  return shows_integers ? rowsum::run_worker(show_integers) : rowsum::run_worker(show_fields);
}
