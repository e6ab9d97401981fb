// SPDX-License-Identifier: MIT
#include "common/worker/column_names.h"

#include <doctest/doctest.h>

#include "common/worker/reasons.h"

using namespace rowsum;

namespace {

std::string reason_with(ColumnNames& names, uint64_t field, std::string reason = "it is bad") {
  std::vector<Reject> rejects(1);
  rejects[0].field = field;
  rejects[0].reason = std::move(reason);
  names.add_to(rejects);
  return rejects[0].reason;
}

}  // namespace

TEST_CASE("column names: those of the header row") {
  ColumnNames names({});
  CHECK(reason_with(names, 1) == "it is bad");
  names.begin_input("id,\"the \"\"price\"\"\",,a\nb\r\n");
  CHECK(reason_with(names, 1) == "it is bad (column 'id')");
  CHECK(reason_with(names, 2) == "it is bad (column 'the \"price\"')");
  CHECK(reason_with(names, 3) == "it is bad");
  CHECK(reason_with(names, 4) == "it is bad (column 'a')");
  CHECK(reason_with(names, 5) == "it is bad");
  CHECK(reason_with(names, 0) == "it is bad");
  names.begin_input("other");
  CHECK(reason_with(names, 1) == "it is bad (column 'other')");
}

TEST_CASE("column names: another delimiter, and what could upset a terminal") {
  ColumnNames names({';'});
  names.begin_input("a,b;\x1b\xFF\n");
  CHECK(reason_with(names, 1) == "it is bad (column 'a,b')");
  CHECK(reason_with(names, 2) == "it is bad (column '\\x1b\\xff')");
}

TEST_CASE("column names: the longest reasons of this program have room for the longest name") {
  ColumnNames names({});
  names.begin_input(std::string(100, '\xFF'));
  const std::string value(100, '\xFF');
  for (const std::string& reason : {not_an_integer(value), too_large(value)}) {
    const std::string with_name = reason_with(names, 1, reason);
    CHECK(with_name.ends_with("\\xff...')"));
    CHECK(with_name.size() <= reject_reason_limit);
  }
  const std::string full(reject_reason_limit, 'x');
  CHECK(reason_with(names, 1, full) == full);
}
