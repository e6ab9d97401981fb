// SPDX-License-Identifier: MIT
#include "p3_write/parts.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/thrown.h"

using namespace rowsum;

namespace {

/// The beginning of the stream of a part of ten bytes.
PartStream stream_of(const std::string& name, uint64_t number, uint64_t of) {
  Hello hello;
  hello.content = Content::results;
  hello.inputs = {"in.csv"};
  hello.identity = {10 * of, {1, 2}};
  hello.begin = 10 * (number - 1);
  hello.end = 10 * number;
  hello.part = {number, of};
  return {name, hello};
}

std::string names_in_order(const Parts& parts) {
  std::string names;
  for (const Parts::Streams& streams : parts.in_order()) {
    for (const PartStream& stream : streams) names += stream.name + " ";
    names += "| ";
  }
  return names;
}

std::string refused(const Parts::Streams& streams) {
  const Thrown thrown = thrown_by([&] { Parts{streams}; });
  CHECK(thrown.status == ExitStatus::bad_data);
  return thrown.message;
}

}  // namespace

TEST_CASE("parts: come in their order, and the streams of one part in that of the operands") {
  CHECK(names_in_order(Parts({stream_of("a", 1, 1)})) == "a | ");
  CHECK(names_in_order(Parts({stream_of("c", 3, 3), stream_of("a", 1, 3), stream_of("b", 2, 3)})) ==
        "a | b | c | ");
  CHECK(names_in_order(Parts({stream_of("y", 2, 2), stream_of("b", 1, 2), stream_of("x", 2, 2),
                              stream_of("a", 1, 2)})) == "b a | y x | ");
}

TEST_CASE("parts: on which machine they were made does not matter, nor what the file is called") {
  PartStream other = stream_of("b", 2, 2);
  other.hello.inputs = {"/elsewhere/in.csv"};
  other.hello.place = 3;
  other.hello.largest_text = 7;
  CHECK(names_in_order(Parts({stream_of("a", 1, 2), other})) == "a | b | ");
}

TEST_CASE("parts: the whole") {
  const Hello whole = Parts({stream_of("b", 2, 2), stream_of("a", 1, 2)}).whole();
  CHECK(whole.begin == 0);
  CHECK(whole.end == 20);
  CHECK(whole.part == Part{});
  CHECK(whole.identity == Identity{20, {1, 2}});
  CHECK(whole.inputs == std::vector<std::string>{"in.csv"});
}

TEST_CASE("parts: those that are missing") {
  CHECK(refused({stream_of("b", 2, 2)}) == "part 1 of 2 is missing");
  CHECK(refused({stream_of("a", 1, 2)}) == "part 2 of 2 is missing");
  CHECK(refused({stream_of("d", 4, 4), stream_of("a", 1, 4)}) ==
        "part 2 of 4 is missing (and 1 other)");
  CHECK(refused({stream_of("d", 4, 5), stream_of("a", 1, 5), stream_of("x", 4, 5)}) ==
        "part 2 of 5 is missing (and 2 others)");
  // As many as a hello can say.
  CHECK(refused({stream_of("a", 1, UINT64_MAX)}) ==
        "part 2 of 18446744073709551615 is missing (and 18446744073709551613 others)");
}

TEST_CASE("parts: those of another plan") {
  PartStream other = stream_of("b", 2, 3);
  const PartStream first = stream_of("a", 1, 2);
  CHECK(refused({first, other}) == "b: part 2 of 3 of another plan than a");
  CHECK(refused({other, first}) == "a: part 1 of 2 of another plan than b");
  other = stream_of("b", 2, 2);
  other.hello.identity.hash[0] = 7;
  CHECK(refused({first, other}) == "b: part 2 of 2 of another plan than a");
  other = stream_of("b", 2, 3);
  other.hello.identity = first.hello.identity;
  CHECK(refused({first, other}) == "b: part 2 of 3 of another plan than a");
}

TEST_CASE("parts: those that were read in another way, or answered by another command") {
  std::vector<PartStream> others(5, stream_of("b", 2, 2));
  others[0].hello.dialect.delimiter = ';';
  others[1].hello.header = HeaderRow::skip;
  others[2].hello.fields.list = "1";
  others[3].hello.lines = LineKind::text;
  others[4].hello.command = "--command=cat";
  for (const PartStream& other : others) {
    CHECK(refused({stream_of("a", 1, 2), other}) == "b: part 2 of 2, read in another way than a");
  }
}

TEST_CASE("parts: streams that are of no part") {
  PartStream other = stream_of("b", 2, 2);
  for (const Part none : {Part{}, Part{0, 2}}) {
    other.hello.part = none;
    CHECK(refused({stream_of("a", 1, 2), other}) == "b: no part of a file, as a is");
    CHECK(refused({other, stream_of("a", 1, 2)}) == "b: no part of a file, as a is");
  }
}
