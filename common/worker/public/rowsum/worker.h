// SPDX-License-Identifier: MIT
// A worker of the row sums suite in C++: one function, which makes a line of each row. All else is
// the library's: it speaks with p1_read and p3_write, so the lines come out in the order of the
// rows, and what a worker that dies has not finished is done by another one.
//
//   #include <rowsum/worker.h>
//
//   int main() {
//     return rowsum::run_worker([](rowsum::Integers row) { return std::to_string(row.size()); });
//   }
//
//   run_pipeline.sh -n 8 --worker ./my_worker in.csv > out.csv
//   p1_read in.csv | ./my_worker | p3_write > out.csv
#pragma once

#if __cplusplus < 202002L
#error "rowsum/worker.h needs C++20, as with -std=c++20"
#endif

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rowsum {

/// A row as integers. What is an integer is the same as for sums: it may have a sign, padding and
/// quotes. A row with a field that is no integer, or with one that does not fit 64 bits, is
/// rejected, and the function does not see it. With --empty=zero an empty field is 0.
using Integers = std::span<const std::int64_t>;

/// A row as text: its fields without the quotes around them. They are valid during the call.
using Fields = std::span<const std::string_view>;

// In both forms a blank line is a row without fields.

/// To be thrown by the function: the row has no line. p3_write prints the place of the row and the
/// reason, and goes on or not, as --on-error says.
class Rejected : public std::runtime_error {
 public:
  /// `reason`: up to 300 bytes are printed, and what is not printable ASCII is escaped. `field`:
  /// the field that is wrong, counted from 1; 0 means the whole row.
  explicit Rejected(const std::string& reason, std::size_t field = 0)
      : std::runtime_error(reason), field_(field) {}

  std::size_t field() const { return field_; }

 private:
  std::size_t field_;
};

/// Runs the worker: calls `write_line` for one row after another, until the input ends, and returns
/// the status for main() to return. `line` is empty at first, and the function appends the line,
/// without a line feed. p3_write prints it after the index of the row.
///
/// All rows must be treated alike, whichever worker they come to, and in any order: the workers are
/// several processes, and another process may do a row once more.
///
/// During the run standard input is empty and standard output is standard error, so that nothing
/// that the function reads or prints gets into the streams. SIGPIPE is ignored. Nobody waits for
/// what main() does afterwards: run_pipeline.sh may end the process.
///
/// When things go wrong:
/// - An exception other than Rejected, a line feed in a line, and a Rejected for a field that the
///   row does not have are bugs of the worker. It reports the row, and the whole run ends with exit
///   status 70. No other worker tries again, because it would do the same.
/// - If memory runs out (std::bad_alloc), the run ends with exit status 71.
/// - A worker that dies of a signal, as in a crash, is replaced under run_pipeline.sh. A row that
///   one worker after another dies of is rejected.
/// - The lines for one batch (--batch-size) may have 256 MiB. More is a bug, too.
/// - A failure of another program, or of the system, ends the worker as it ends p2_sum(1).
int run_worker(const std::function<void(Integers row, std::string& line)>& write_line);
int run_worker(const std::function<void(Fields row, std::string& line)>& write_line);

/// The same with a function that returns the line. That takes a little longer for each row, and
/// needs memory for each line of more than 15 bytes.
inline int run_worker(const std::function<std::string(Integers row)>& line_of) {
  return run_worker([&](Integers row, std::string& line) { line = line_of(row); });
}
inline int run_worker(const std::function<std::string(Fields row)>& line_of) {
  return run_worker([&](Fields row, std::string& line) { line = line_of(row); });
}

}  // namespace rowsum
