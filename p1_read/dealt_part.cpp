// SPDX-License-Identifier: MIT
#include "p1_read/dealt_part.h"

#include "common/base/arguments.h"
#include "p1_read/part_files.h"

namespace rowsum {

DealtPart::DealtPart(const PartOptions& options, const BatcherOptions& read_as, Inputs& input)
    : plan_(parse_plan(read_part_file(options.plan), options.plan)),
      part_(options.part),
      bytes_(plan_, std::min(options.part.number, plan_.file.parts)) {
  check_options(options, read_as);
  input.require_one_plain_file("--part");
  const Identity& planned = plan_.file.identity;
  if (input.size() != planned.size) {
    throw Failure(ExitStatus::bad_data, input.name() + ": it has " + std::to_string(input.size()) +
                                            " bytes, and the file of the plan '" + options.plan +
                                            "' " + std::to_string(planned.size));
  }
  if (input.identity() != planned) {
    throw Failure(ExitStatus::bad_data,
                  input.name() + ": not the file of the plan '" + options.plan + "'");
  }
  input.narrow(plan_.dealt_range(part_.number));
}

void DealtPart::check_options(const PartOptions& options, const BatcherOptions& read_as) const {
  const std::string plan = "the plan '" + options.plan + "' ";
  const DividedFile& file = plan_.file;
  if (part_.of != file.parts) {
    throw usage_failure("--part: " + plan + "has " + std::to_string(file.parts) + " parts");
  }
  if (read_as.dialect != file.dialect) {
    throw usage_failure("--delimiter: " + plan + "is for another one");
  }
  if ((read_as.header != HeaderRow::none) != file.has_header) {
    throw usage_failure("--header: " + plan + "is for a file with" +
                        (file.has_header ? " a header" : "out a header"));
  }
}

std::optional<uint64_t> DealtPart::first_row() const {
  if (part_.number == 1) return std::nullopt;
  return plan_.parts[part_.number - 1].first_row;
}

void DealtPart::explain(const Failure& failure, const Inputs& input) {
  if (failure.status() == ExitStatus::bad_data) bytes_.check(input);
}

void DealtPart::check(const Inputs& input, const Batcher& dealt) {
  bytes_.check(input);
  // What follows shows that the plan itself is damaged.
  const uint64_t rows = plan_.rows_of(part_.number);
  const bool ends_with_file = plan_.dealt_range(part_.number).end == plan_.file.size();
  if (dealt.rows() == rows && (ends_with_file || !dealt.lacks_row_end())) return;
  throw Failure(ExitStatus::bad_data, input.name() + ": the rows of " + describe(part_) +
                                          " are not where the plan says; make all outlines and "
                                          "the plan anew");
}

}  // namespace rowsum
