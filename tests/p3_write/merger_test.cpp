// SPDX-License-Identifier: MIT
#include "p3_write/merger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/thrown.h"

namespace rowsum {

namespace {

Hello a_hello(uint64_t begin = 0) {
  Hello hello;
  hello.content = Content::results;
  hello.inputs = {"in.csv"};
  hello.identity = {100, {1, 2}};
  hello.begin = begin;
  return hello;
}

/// A batch whose rows have two bytes each.
Batch tile(uint64_t begin, uint64_t end) {
  return {{begin, end}, end - begin, 0, begin / 2, (end - begin) / 2};
}

Verdict all_of(uint64_t total) {
  return {ExitStatus::complete, total, total / 2};
}

/// A merger whose streams have said hello, with short functions for the cases below.
class Streams {
 public:
  explicit Streams(size_t streams, size_t most_ahead = 0) : merger(streams, most_ahead) {
    for (size_t i = 0; i < streams; ++i) merger.hello(i, name_of(i), a_hello());
  }

  static std::string name_of(size_t stream) { return "out." + std::to_string(stream); }

  void head(size_t stream, uint64_t begin, uint64_t end) { merger.head(stream, tile(begin, end)); }
  /// Writes all that is due, and returns what that was.
  std::string write() {
    std::string written;
    while (const auto stream = merger.due()) {
      written += std::to_string(*stream) + " ";
      merger.written(*stream);
    }
    return written;
  }

  Merger merger;
};

template <typename Call>
std::string refused(Call call) {
  const Thrown thrown = thrown_by(call);
  CHECK(thrown.status == ExitStatus::bad_data);
  return thrown.message;
}

}  // namespace

TEST_CASE("merger: one stream, in order") {
  Streams streams(1);
  CHECK_FALSE(streams.merger.due());
  CHECK_FALSE(streams.merger.is_over());
  streams.head(0, 0, 4);
  CHECK(streams.merger.due() == 0);
  CHECK(streams.merger.first_row(0) == 0);
  CHECK(streams.write() == "0 ");
  CHECK(streams.merger.position() == 4);
  CHECK(streams.merger.next_row() == 2);
  streams.head(0, 4, 6);
  CHECK(streams.write() == "0 ");
  CHECK_FALSE(streams.merger.is_over());
  streams.merger.end(0, all_of(6));
  CHECK(streams.merger.is_over());
  CHECK(streams.merger.status() == ExitStatus::complete);
}

TEST_CASE("merger: a result that is not due waits for the one before it") {
  Streams streams(3);
  streams.head(2, 4, 6);
  CHECK_FALSE(streams.merger.due());
  streams.head(1, 2, 4);
  CHECK_FALSE(streams.merger.due());
  streams.head(0, 0, 2);
  CHECK(streams.write() == "0 1 2 ");
  CHECK(streams.merger.position() == 6);
  CHECK(streams.merger.next_row() == 3);
  for (size_t i = 0; i < 3; ++i) streams.merger.end(i, all_of(6));
  CHECK(streams.merger.is_over());
}

TEST_CASE("merger: streams may end before others have begun") {
  Merger merger(2);
  merger.hello(0, "out.0", a_hello());
  merger.end(0, all_of(2));
  CHECK_FALSE(merger.is_over());
  merger.hello(1, "out.1", a_hello());
  merger.head(1, tile(0, 2));
  CHECK(merger.due() == 1);
  merger.written(1);
  CHECK_FALSE(merger.is_over());
  merger.end(1, all_of(2));
  CHECK(merger.is_over());
  CHECK(merger.status() == ExitStatus::complete);
}

TEST_CASE("merger: nothing at all is complete as well") {
  Streams streams(2);
  streams.merger.end(0, all_of(0));
  CHECK_FALSE(streams.merger.is_over());
  streams.merger.end(1, all_of(0));
  CHECK(streams.merger.is_over());
  CHECK(streams.merger.status() == ExitStatus::complete);
}

TEST_CASE("merger: begins where the hello says") {
  Merger merger(1);
  merger.hello(0, "out.0", a_hello(10));
  CHECK(merger.position() == 10);
  CHECK(refused([&] { merger.head(0, tile(8, 12)); }) ==
        "out.0: bytes 8 to 12 come twice (everything before byte 10 is written)");
  merger.head(0, {{10, 14}, 4, 0, 0, 2});
  CHECK(merger.due() == 0);
  merger.written(0);
  merger.end(0, {ExitStatus::complete, 14, 2});
  CHECK(merger.is_over());
}

TEST_CASE("merger: begins where other streams have ended") {
  Merger merger(2, 0, Merger::Place{10, 5});
  CHECK(merger.position() == 10);
  CHECK(merger.next_row() == 5);
  CHECK(refused([&] { merger.hello(0, "out.0", a_hello(8)); }) ==
        "out.0: begins at byte 8, and what comes before it ends at byte 10");
  merger.hello(0, "out.0", a_hello(10));
  CHECK(refused([&] { merger.hello(1, "out.1", a_hello(12)); }) ==
        "out.1: of another input, or read in another way, than out.0");
  merger.hello(1, "out.1", a_hello(10));
  merger.head(0, tile(10, 14));
  CHECK(merger.due() == 0);
  merger.written(0);
  CHECK(merger.next_row() == 7);
  merger.end(0, {ExitStatus::complete, 14, 2});
  merger.end(1, {ExitStatus::complete, 14, 2});
  CHECK(merger.is_over());
  CHECK(merger.has_everything());

  Merger wrong(1, 0, Merger::Place{10, 4});
  wrong.hello(0, "out.0", a_hello(10));
  wrong.head(0, tile(10, 14));
  CHECK(refused([&] { wrong.written(0); }) == "out.0: bytes 10 to 14 begin with row 5 and not 4");
}

TEST_CASE("merger: different parts cannot be merged at once") {
  Hello part = a_hello();
  part.part = {1, 3};
  Hello other = part;
  other.part.number = 2;
  other.begin = 10;
  Merger merger(2);
  merger.hello(0, "out.0", part);
  CHECK(refused([&] { merger.hello(1, "out.1", other); }) ==
        "out.1: part 2 of 3, and out.0 is part 1 of 3; the streams of parts have to be regular "
        "files with names");
  CHECK(refused([&] { merger.hello(1, "out.1", a_hello()); }) ==
        "out.1: of another input, or read in another way, than out.0");
  merger.hello(1, "out.1", part);
}

TEST_CASE("merger: streams of different inputs") {
  std::vector<Hello> others(5, a_hello());
  others[0].identity.size = 101;
  others[1].identity.hash[1] = 3;
  others[2].dialect.delimiter = ';';
  others[3].header = HeaderRow::skip;
  others[4].begin = 1;
  for (const Hello& other : others) {
    Merger merger(2);
    merger.hello(1, "out.1", a_hello());
    CHECK(refused([&] { merger.hello(0, "out.0", other); }) ==
          "out.0: of another input, or read in another way, than out.1");
  }
  // It does not matter on which machine the streams are, and what the file is called there.
  Hello same = a_hello();
  same.inputs = {"/elsewhere/in.csv"};
  same.place = 7;
  Merger merger(2);
  merger.hello(0, "out.0", a_hello());
  merger.hello(1, "out.1", same);
}

TEST_CASE("merger: a part that comes after it was written") {
  Streams streams(2);
  streams.head(0, 0, 4);
  CHECK(streams.write() == "0 ");
  CHECK(refused([&] { streams.head(1, 0, 4); }) ==
        "out.1: bytes 0 to 4 come twice (everything before byte 4 is written)");
  CHECK(refused([&] { streams.head(1, 2, 6); }) ==
        "out.1: bytes 2 to 6 come twice (everything before byte 4 is written)");
}

TEST_CASE("merger: a part that two streams hold at once") {
  Streams streams(2);
  streams.head(0, 0, 4);
  SUBCASE("the same") {
    streams.head(1, 0, 4);
    CHECK(refused([&] {
            streams.write();
            streams.merger.end(0, all_of(4));
          }) == "out.1: bytes 0 to 4 come twice (everything before byte 4 is written)");
  }
  SUBCASE("a part of it") {
    streams.head(1, 2, 6);
    CHECK(refused([&] {
            streams.write();
            streams.merger.end(0, all_of(6));
          }) == "out.1: bytes 2 to 6 come twice (everything before byte 4 is written)");
  }
}

TEST_CASE("merger: a part that is missing") {
  SUBCASE("from the middle, seen when the others have ended") {
    Streams streams(2);
    streams.head(0, 0, 4);
    streams.head(1, 6, 8);
    CHECK(streams.write() == "0 ");
    CHECK(refused([&] { streams.merger.end(0, all_of(8)); }) ==
          "bytes 4 to 6 of the input are missing from the streams");
  }
  SUBCASE("from the middle, seen when all hold what is not due") {
    Streams streams(2);
    streams.head(0, 6, 8);
    CHECK(refused([&] { streams.head(1, 4, 6); }) ==
          "bytes 0 to 4 of the input are missing from the streams");
  }
  SUBCASE("from the middle, seen when the one before it is written") {
    Streams streams(2);
    streams.head(0, 0, 4);
    streams.merger.end(0, all_of(8));
    streams.head(1, 6, 8);
    CHECK(refused([&] { streams.write(); }) ==
          "bytes 4 to 6 of the input are missing from the streams");
  }
  SUBCASE("from the end") {
    Streams streams(1);
    streams.head(0, 0, 4);
    streams.write();
    CHECK(refused([&] { streams.merger.end(0, all_of(8)); }) ==
          "bytes 4 to 8 of the input are missing from the streams");
  }
  SUBCASE("all of it") {
    Streams streams(2);
    streams.merger.end(0, all_of(8));
    CHECK(refused([&] { streams.merger.end(1, all_of(8)); }) ==
          "bytes 0 to 8 of the input are missing from the streams");
  }
}

TEST_CASE("merger: ends that differ from each other, or from what was written") {
  Streams streams(2);
  streams.head(0, 0, 4);
  streams.write();
  SUBCASE("totals") {
    streams.merger.end(0, all_of(4));
    CHECK(refused([&] { streams.merger.end(1, all_of(6)); }) ==
          "out.1: ends at byte 6, and another stream at byte 4");
  }
  SUBCASE("rows") {
    streams.merger.end(0, {ExitStatus::complete, 4, 2});
    refused([&] { streams.merger.end(1, {ExitStatus::complete, 4, 3}); });
  }
  SUBCASE("more was written") {
    streams.merger.end(0, all_of(2));
    CHECK(refused([&] { streams.merger.end(1, all_of(2)); }) ==
          "the streams hold 2 rows up to byte 4, and their end says 1 up to byte 2");
  }
  SUBCASE("other rows were written") {
    streams.merger.end(0, {ExitStatus::complete, 4, 3});
    CHECK(refused([&] {
            streams.merger.end(1, {ExitStatus::complete, 4, 3});
          }) == "the streams hold 2 rows up to byte 4, and their end says 3 up to byte 4");
  }
}

TEST_CASE("merger: row numbers") {
  Streams streams(1);
  SUBCASE("unknown ones go on from what was written") {
    Batch part = tile(0, 4);
    part.first_row = unknown_row;
    streams.merger.head(0, part);
    CHECK(streams.merger.first_row(0) == 0);
    streams.write();
    CHECK(streams.merger.next_row() == 2);
    part.range = {4, 6};
    part.rows = 1;
    streams.merger.head(0, part);
    CHECK(streams.merger.first_row(0) == 2);
    streams.write();
    CHECK(streams.merger.next_row() == 3);
    // If the number of the row is known, it must agree.
    streams.head(0, 6, 8);
    streams.write();
    streams.merger.end(0, all_of(8));
    CHECK(streams.merger.is_over());
  }
  SUBCASE("the first known one need not be 0, but it is known in time") {
    Batch part = tile(0, 4);
    part.first_row = 40;
    streams.merger.head(0, part);
    CHECK(streams.merger.first_row(0) == 40);
    streams.write();
    CHECK(streams.merger.next_row() == 42);
    streams.merger.end(0, all_of(4));
    CHECK(streams.merger.is_over());
  }
  SUBCASE("others must go on") {
    streams.head(0, 0, 4);
    streams.write();
    Batch part = tile(4, 6);
    part.first_row = 3;
    streams.merger.head(0, part);
    CHECK(refused([&] { streams.write(); }) == "out.0: bytes 4 to 6 begin with row 3 and not 2");
  }
}

TEST_CASE("merger: tiles without rows") {
  Streams streams(2);
  streams.merger.head(0, {{0, 3}, 0, 0, 0, 0});
  streams.merger.head(1, {{3, 5}, 2, 0, 0, 1});
  CHECK(streams.write() == "0 1 ");
  CHECK(streams.merger.next_row() == 1);
  streams.merger.end(0, {ExitStatus::complete, 5, 1});
  streams.merger.end(1, {ExitStatus::complete, 5, 1});
  CHECK(streams.merger.is_over());
}

TEST_CASE("merger: what a failed stream leaves is written as far as it goes") {
  Streams streams(3);
  streams.head(0, 0, 2);
  streams.head(1, 2, 4);
  streams.head(2, 6, 8);
  CHECK(streams.write() == "0 1 ");
  streams.merger.end(0, {ExitStatus::bad_data, 2, 0});
  CHECK_FALSE(streams.merger.is_over());
  streams.head(1, 4, 6);
  CHECK(streams.write() == "1 2 ");
  // The last two streams may still go on.
  CHECK_FALSE(streams.merger.is_over());
  streams.head(1, 10, 12);
  CHECK_FALSE(streams.merger.is_over());
  streams.merger.end(2, {ExitStatus::complete, 20, 10});
  CHECK(streams.merger.is_over());
  CHECK(streams.merger.status() == ExitStatus::bad_data);
  CHECK(streams.merger.position() == 8);
}

TEST_CASE("merger: who knows why it failed is believed before who lost its neighbour") {
  const auto status_of = [](const std::vector<ExitStatus>& statuses) {
    Streams streams(statuses.size());
    for (size_t i = 0; i < statuses.size(); ++i) streams.merger.end(i, {statuses[i], 0, 0});
    CHECK(streams.merger.is_over());
    return streams.merger.status();
  };
  constexpr auto fine = ExitStatus::complete;
  constexpr auto lost = ExitStatus::neighbour_vanished;
  CHECK(status_of({fine, fine}) == fine);
  CHECK(status_of({lost, fine}) == lost);
  CHECK(status_of({fine, lost}) == lost);
  CHECK(status_of({lost, ExitStatus::io}) == ExitStatus::io);
  CHECK(status_of({ExitStatus::io, lost}) == ExitStatus::io);
  CHECK(status_of({fine, lost, fine, ExitStatus::bad_data, lost}) == ExitStatus::bad_data);
  // The status of the first stream that knows the cause.
  CHECK(status_of({ExitStatus::io, ExitStatus::bad_data}) == ExitStatus::io);
}

TEST_CASE("merger: it has everything when all is written that a complete end speaks of") {
  Streams streams(2);
  CHECK_FALSE(streams.merger.has_everything());
  streams.head(1, 0, 4);
  streams.write();
  streams.head(0, 4, 6);
  streams.merger.end(1, all_of(6));
  CHECK_FALSE(streams.merger.has_everything());
  CHECK(streams.write() == "0 ");
  CHECK(streams.merger.has_everything());
  CHECK_FALSE(
      streams.merger.is_over());  // stream 0 has not ended, and may still bring something wrong
}

TEST_CASE("merger: it has not everything after a failure, or with other rows than the end says") {
  Streams streams(2);
  streams.merger.end(1, {ExitStatus::bad_data, 0, 0});
  CHECK_FALSE(streams.merger.has_everything());
  Streams others(2);
  others.head(0, 0, 4);
  others.write();
  others.merger.end(0, {ExitStatus::complete, 4, 3});
  CHECK_FALSE(others.merger.has_everything());
}

TEST_CASE("merger: streams that are expected one after another") {
  Merger merger(0);
  CHECK_FALSE(merger.is_over());
  merger.expect(2);
  merger.hello(2, "out.2", a_hello());
  CHECK_FALSE(merger.is_over());
  // If the first stream did not count, there would be a gap.
  merger.expect(0);
  merger.head(2, tile(4, 6));
  merger.hello(0, "out.0", a_hello());
  merger.head(0, tile(0, 4));
  CHECK(merger.due() == 0);
  merger.written(0);
  merger.written(2);
  merger.end(0, all_of(6));
  CHECK_FALSE(merger.is_over());
  merger.end(2, all_of(6));
  CHECK(merger.is_over());  // stream 1 was never expected
  CHECK(merger.status() == ExitStatus::complete);
}

TEST_CASE("merger: a stream may begin again where its last life stopped") {
  Streams streams(2);
  streams.head(0, 0, 2);
  streams.write();
  streams.merger.hello(0, "out.0.1", a_hello());
  streams.head(1, 4, 6);
  streams.head(0, 2, 4);
  CHECK(streams.write() == "0 1 ");
  // What an earlier life has returned must not come again.
  CHECK(refused([&] { streams.head(0, 0, 2); }) ==
        "out.0.1: bytes 0 to 2 come twice (everything before byte 6 is written)");
}

TEST_CASE("merger, ahead: every head is due") {
  Streams streams(3, 10);
  streams.head(2, 4, 6);
  CHECK(streams.merger.due() == 2);
  CHECK(streams.merger.first_row(2) == 2);
  CHECK(streams.write() == "2 ");
  streams.head(1, 8, 10);
  CHECK(streams.write() == "1 ");
  CHECK(streams.merger.position() == 0);
  streams.head(0, 0, 2);
  CHECK(streams.write() == "0 ");
  CHECK(streams.merger.position() == 2);
  CHECK(streams.merger.next_row() == 1);
  streams.head(0, 2, 4);
  CHECK(streams.write() == "0 ");
  CHECK(streams.merger.position() == 6);
  CHECK(streams.merger.next_row() == 3);
  for (size_t i = 0; i < 2; ++i) streams.merger.end(i, all_of(10));
  CHECK_FALSE(streams.merger.is_over());
  CHECK_FALSE(streams.merger.has_everything());
  streams.head(2, 6, 8);
  CHECK(streams.write() == "2 ");
  CHECK(streams.merger.position() == 10);
  CHECK(streams.merger.next_row() == 5);
  CHECK(streams.merger.has_everything());
  streams.merger.end(2, all_of(10));
  CHECK(streams.merger.is_over());
  CHECK(streams.merger.status() == ExitStatus::complete);
}

TEST_CASE("merger, ahead: it has not everything while something lies after the end") {
  Streams streams(2, 10);
  streams.head(0, 6, 8);
  streams.write();
  streams.head(1, 0, 4);
  streams.write();
  streams.merger.end(1, all_of(4));
  CHECK(streams.merger.position() == 4);
  CHECK_FALSE(streams.merger.has_everything());
}

TEST_CASE("merger, ahead: parts that touch are one, and if there are too many, heads wait") {
  Streams streams(2, 3);
  // Before a part, after it, into a gap, and by themselves.
  for (const uint64_t begin : {8, 6, 10, 14, 12, 18, 22}) {
    streams.head(0, begin, begin + 2);
    CHECK(streams.write() == "0 ");
  }
  streams.head(0, 26, 28);
  CHECK_FALSE(streams.merger.due());
  streams.head(1, 0, 2);
  CHECK(streams.write() == "1 ");
  streams.head(1, 2, 6);
  CHECK(streams.write() == "1 0 ");
  CHECK(streams.merger.position() == 16);
}

TEST_CASE("merger, ahead: a part that comes twice") {
  Streams streams(2, 10);
  streams.head(0, 4, 8);
  streams.write();
  const auto twice = [&](uint64_t begin, uint64_t end) {
    return refused([&] { streams.head(1, begin, end); });
  };
  const std::string written = " come twice (bytes 4 to 8 are written)";
  SUBCASE("the same") {
    CHECK(twice(4, 8) == "out.1: bytes 4 to 8" + written);
  }
  SUBCASE("its beginning") {
    CHECK(twice(2, 5) == "out.1: bytes 2 to 5" + written);
  }
  SUBCASE("its end") {
    CHECK(twice(7, 9) == "out.1: bytes 7 to 9" + written);
  }
  SUBCASE("what is in it") {
    CHECK(twice(5, 6) == "out.1: bytes 5 to 6" + written);
  }
  SUBCASE("what it is in") {
    CHECK(twice(2, 10) == "out.1: bytes 2 to 10" + written);
  }
  SUBCASE("it touches one before and one after") {
    streams.head(1, 2, 4);
    streams.write();
    streams.head(1, 8, 10);
    streams.write();
    CHECK(twice(9, 12) == "out.1: bytes 9 to 12 come twice (bytes 2 to 10 are written)");
  }
  SUBCASE("before the first gap") {
    streams.head(1, 0, 4);
    streams.write();
    CHECK(twice(6, 10) == "out.1: bytes 6 to 10 come twice (everything before byte 8 is written)");
  }
  SUBCASE("two streams show it at once") {
    streams.head(0, 12, 14);
    streams.head(1, 12, 14);
    CHECK(refused([&] {
            streams.write();
          }).ends_with(": bytes 12 to 14 come twice (bytes 12 to 14 are written)"));
  }
}

TEST_CASE("merger, ahead: a part that is missing") {
  SUBCASE("seen when the streams have ended") {
    Streams streams(2, 10);
    streams.head(0, 0, 2);
    streams.write();
    streams.head(1, 6, 8);
    streams.write();
    streams.merger.end(0, all_of(8));
    CHECK(refused([&] { streams.merger.end(1, all_of(8)); }) ==
          "bytes 2 to 6 of the input are missing from the streams");
  }
  SUBCASE("seen when too much is written ahead") {
    Streams streams(2, 1);
    streams.head(0, 6, 8);
    streams.write();
    streams.head(0, 4, 6);
    CHECK(refused([&] { streams.head(1, 10, 12); }) ==
          "bytes 0 to 4 of the input are missing from the streams");
  }
  SUBCASE("from the end") {
    Streams streams(1, 10);
    streams.head(0, 0, 4);
    streams.write();
    CHECK(refused([&] { streams.merger.end(0, all_of(8)); }) ==
          "bytes 4 to 8 of the input are missing from the streams");
  }
}

TEST_CASE("merger, ahead: row numbers have to follow where parts meet") {
  Streams streams(1, 10);
  streams.head(0, 4, 6);
  streams.write();
  Batch part = tile(2, 4);
  SUBCASE("before a part") {
    part.rows = 2;
    streams.merger.head(0, part);
    CHECK(refused([&] { streams.write(); }) == "out.0: bytes 4 to 6 begin with row 2 and not 3");
  }
  SUBCASE("after a part") {
    part = tile(6, 8);
    part.first_row = 4;
    streams.merger.head(0, part);
    CHECK(refused([&] { streams.write(); }) == "out.0: bytes 6 to 8 begin with row 4 and not 3");
  }
  SUBCASE("at the first gap") {
    part = tile(0, 4);
    part.rows = 1;
    streams.merger.head(0, part);
    CHECK(refused([&] { streams.write(); }) == "out.0: bytes 4 to 6 begin with row 2 and not 1");
  }
  SUBCASE("the first one need not be 0") {
    Merger merger(1, 10);
    merger.hello(0, "out.0", a_hello());
    for (Batch later : {tile(4, 6), tile(0, 4)}) {
      later.first_row += 40;
      merger.head(0, later);
      merger.written(0);
    }
    CHECK(merger.next_row() == 43);
    merger.end(0, all_of(6));
    CHECK(merger.is_over());
  }
  SUBCASE("they have to be known") {
    part.first_row = unknown_row;
    CHECK(refused([&] { streams.merger.head(0, part); }) ==
          "out.0: the numbers of its rows are not known, so they cannot be written out of order");
  }
}

namespace {

/// One stream whose frames are still to come.
struct Script {
  std::deque<Batch> heads;
  Verdict verdict;
  bool has_head = false;
  bool has_ended = false;
};

struct Run {
  std::vector<Range> written;
  Thrown thrown;
  ExitStatus status = ExitStatus::complete;
  bool is_stuck = false;  // no stream could be read, although the merger was not over
};

/// Reads the streams in a random order until the merger is over. A stream is read only while no
/// result of it is held.
Run run(std::vector<Script> streams, size_t most_ahead, std::mt19937& random) {
  Run run;
  Merger merger(streams.size(), most_ahead);
  run.thrown = thrown_by([&] {
    for (size_t i = 0; i < streams.size(); ++i) merger.hello(i, std::to_string(i), a_hello());
    while (!merger.is_over()) {
      std::vector<size_t> readable;
      for (size_t i = 0; i < streams.size(); ++i) {
        if (!streams[i].has_head && !streams[i].has_ended) readable.push_back(i);
      }
      run.is_stuck = readable.empty();
      if (run.is_stuck) return;
      const size_t i = readable[random() % readable.size()];
      if (streams[i].heads.empty()) {
        streams[i].has_ended = true;
        merger.end(i, streams[i].verdict);
      } else {
        streams[i].has_head = true;
        merger.head(i, streams[i].heads.front());
      }
      while (const auto due = merger.due()) {
        REQUIRE(streams[*due].has_head);
        run.written.push_back(streams[*due].heads.front().range);
        streams[*due].heads.pop_front();
        streams[*due].has_head = false;
        merger.written(*due);
      }
    }
  });
  run.status = merger.status();
  return run;
}

}  // namespace

TEST_CASE("merger: random streams, whole, damaged and failed") {
  std::mt19937 random(1);
  enum Damage { none, lost, doubled, shortened, total, rows, failed, damages };
  for (int i = 0; i < 20'000; ++i) {
    std::vector<Script> streams(1 + random() % 5);
    std::vector<Batch> tiles;
    uint64_t end = 0;
    for (size_t count = random() % 12; count > 0; --count) {
      const uint64_t begin = end;
      end += 2 * (1 + random() % 3);
      tiles.push_back(tile(begin, end));
    }
    const auto damage = static_cast<Damage>(random() % damages);
    const size_t victim = tiles.empty() ? 0 : random() % tiles.size();
    // How far the results can be written if something is missing.
    size_t good_tiles = tiles.size();
    for (Script& stream : streams) stream.verdict = all_of(end);
    const size_t unlucky = random() % streams.size();
    bool has_failed = false;
    for (size_t t = 0; t < tiles.size(); ++t) {
      const bool is_hit = t == victim;
      const size_t place = is_hit ? unlucky : random() % streams.size();
      has_failed = has_failed || (is_hit && damage == failed);
      // A stream that fails says only that from here on.
      if ((is_hit && damage == lost) || (has_failed && place == unlucky)) {
        good_tiles = std::min(good_tiles, t);
        continue;
      }
      std::deque<Batch>& heads = streams[place].heads;
      heads.push_back(tiles[t]);
      if (is_hit && damage == shortened) heads.back().range.end -= 1;
      if (is_hit && damage == doubled) streams[random() % streams.size()].heads.push_back(tiles[t]);
    }
    if (damage == total) streams[unlucky].verdict.total += 2;
    if (damage == rows) streams[unlucky].verdict.rows += 1;
    if (damage == failed) streams[unlucky].verdict = {ExitStatus::io, 0, 0};

    size_t shown = 0;
    for (const Script& stream : streams) shown += stream.heads.size();
    constexpr size_t limits[] = {0, 1, 2, SIZE_MAX};
    const size_t most_ahead = limits[random() % std::size(limits)];
    const Run is = run(streams, most_ahead, random);
    const bool is_whole = damage == none || (tiles.empty() && damage < total);
    CAPTURE(i);
    CAPTURE(damage);
    REQUIRE_FALSE(is.is_stuck);
    // In any case, nothing is written twice and, unless something may be written ahead, the results
    // that are written are the first ones, in order.
    REQUIRE(is.written.size() <= tiles.size());
    std::vector<Range> written = is.written;
    if (most_ahead > 0) std::ranges::sort(written, {}, &Range::begin);
    for (size_t t = 0; t < written.size(); ++t) {
      if (most_ahead == 0) REQUIRE(written[t].begin == tiles[t].range.begin);
      if (t > 0) REQUIRE(written[t - 1].end <= written[t].begin);
    }
    if (is_whole || damage == failed) {
      REQUIRE(is.thrown.message == "");
      REQUIRE(is.status == (is_whole ? ExitStatus::complete : ExitStatus::io));
      REQUIRE(is.written.size() >= good_tiles);
      if (most_ahead == 0) REQUIRE(is.written.size() == good_tiles);
      if (most_ahead == SIZE_MAX) REQUIRE(is.written.size() == shown);
    } else {
      REQUIRE(is.thrown.status == ExitStatus::bad_data);
      REQUIRE_FALSE(is.thrown.message.empty());
      if (most_ahead == 0) REQUIRE(is.written.size() <= good_tiles);
    }
  }
}

}  // namespace rowsum
