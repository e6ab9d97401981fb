// SPDX-License-Identifier: MIT
#include "common/csv/row_automaton.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace rowsum {

namespace {

using Meaning = RowAutomaton::Meaning;

/// What each byte means, with one letter for each: s(yntax), c(ontent), f(ield end), r(ow end).
std::string meanings(std::string_view text, char delimiter = ',') {
  RowAutomaton automaton({delimiter});
  std::string letters;
  for (const char byte : text) letters += "scfr"[static_cast<int>(automaton.step(byte))];
  return letters;
}

RowAutomaton after(std::string_view text, char delimiter = ',') {
  RowAutomaton automaton({delimiter});
  for (const char byte : text) automaton.step(byte);
  return automaton;
}

}  // namespace

TEST_CASE("row_automaton: fields and row ends") {
  CHECK(meanings("1,22\n") == "cfccr");
  CHECK(meanings(",,\n") == "ffr");
  CHECK(meanings("1\n\n2") == "crrc");
  CHECK(meanings(" \t\v\f\n") == "ccccr");
  CHECK(meanings("1;2,3", ';') == "cfccc");
  CHECK(meanings("1\xFF"
                 "2",
                 '\xFF') == "cfc");
  CHECK(meanings(std::string_view("1\0002", 3), '\0') == "cfc");
}

TEST_CASE("row_automaton: CR LF is one row end") {
  CHECK(meanings("1\r2") == "crc");
  CHECK(meanings("1\r\n2") == "crsc");
  CHECK(meanings("\r\r\n\n") == "rrsr");
  CHECK(meanings("\n\r\n") == "rrs");
  CHECK(meanings("\"\r\n\"\r\n") == "sccsrs");
}

TEST_CASE("row_automaton: a quote opens a field only as its first byte") {
  CHECK(meanings("\"1\",2") == "scsfc");
  CHECK(meanings("1\"2,3") == "cccfc");
  CHECK(meanings(" \"1,2\"") == "cccfcc");
  CHECK(meanings("1,\"2\"") == "cfscs");
  CHECK(meanings("1\n\"2\n\"") == "crsccs");
  CHECK(meanings("1\r\"2\r\"") == "crsccs");
}

TEST_CASE("row_automaton: delimiters and row ends in quotes are content") {
  CHECK(meanings("\",\n\r\",\n") == "scccsfr");
  CHECK(meanings("\"\n") == "sc");
}

TEST_CASE("row_automaton: two quotes in quotes are one") {
  CHECK(meanings("\"\"\"\"") == "sscs");
  CHECK(meanings("\"\",") == "ssf");
  CHECK(meanings("\"a\"\"b\"\n") == "scsccsr");
}

TEST_CASE("row_automaton: what follows a closing quote belongs to the field, quotes and all") {
  CHECK(meanings("\"1\"2,") == "scscf");
  CHECK(meanings("\"1\"2\"\n3") == "scsccrc");
  CHECK(meanings("\"1\" \",\"") == "scsccfs");
}

TEST_CASE("row_automaton: what state it is in") {
  CHECK(after("").is_at_row_start());
  CHECK(after("1\n").is_at_row_start());
  CHECK(after("1\r").is_at_row_start());
  CHECK_FALSE(after("1,").is_at_row_start());
  CHECK_FALSE(after("1").is_at_row_start());
  CHECK_FALSE(after("\"").is_at_row_start());
  CHECK_FALSE(after("\"\n").is_at_row_start());
  CHECK_FALSE(after("\"\"").is_at_row_start());

  CHECK(after("\"").is_quoted());
  CHECK(after("\"\"\"").is_quoted());
  CHECK_FALSE(after("\"\"").is_quoted());
  CHECK_FALSE(after("1\"").is_quoted());
}

}  // namespace rowsum
