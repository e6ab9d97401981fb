// SPDX-License-Identifier: MIT
#include "p1_read/ledger.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace rowsum {

namespace {

using Death = Ledger::Death;

/// A batch whose rows have two bytes each.
Batch rows(uint64_t begin, uint64_t end) {
  return {{2 * begin, 2 * end}, 2 * (end - begin), 0, begin, end - begin};
}

/// A chunk of these rows.
Ledger::Item chunk(uint64_t begin, uint64_t end) {
  return {.batch = {{2 * begin, 2 * end}, 2 * (end - begin)}, .is_chunk = true};
}

/// What is sent now: "0-5 5-10", with ! for a refused batch and ? for a chunk.
std::string sent(Ledger& ledger) {
  std::string all;
  while (const auto next = ledger.next()) {
    const Range& range = next->batch.range;
    if (!all.empty()) all += " ";
    all += std::to_string(range.begin / 2) + "-" + std::to_string(range.end / 2);
    if (next->is_refused) all += "!";
    if (next->is_chunk) all += "?";
  }
  return all;
}

/// Cuts a suspect batch into single rows.
void cut(Ledger& ledger) {
  std::vector<Ledger::Item> pieces;
  const Batch batch = ledger.front();
  for (uint64_t row = batch.first_row; row < batch.first_row + batch.rows; ++row) {
    pieces.push_back({rows(row, row + 1)});
  }
  ledger.cut_front(pieces);
}

}  // namespace

TEST_CASE("ledger: the next life gets what the last one left, in order") {
  Ledger ledger(3);
  for (uint64_t row = 0; row < 4; ++row) ledger.deal({rows(row, row + 1)});
  CHECK(sent(ledger) == "0-1 1-2 2-3 3-4");
  CHECK(ledger.has_sent_all());
  CHECK(sent(ledger) == "");
  CHECK(ledger.returned(2));
  CHECK(ledger.died() == Death::again);
  CHECK_FALSE(ledger.has_sent_all());
  ledger.deal({rows(9, 10)});
  CHECK(sent(ledger) == "1-2 2-3 3-4 9-10");
}

TEST_CASE("ledger: only the oldest batch that was sent can come back") {
  Ledger ledger(3);
  CHECK_THROWS_AS(ledger.returned(0), std::logic_error);
  ledger.deal({rows(0, 1)});
  CHECK_THROWS_AS(ledger.returned(2), std::logic_error);
  sent(ledger);
  ledger.deal({rows(1, 2)});
  CHECK_THROWS_AS(ledger.returned(4), std::logic_error);
  CHECK(ledger.returned(2));
  CHECK_THROWS_AS(ledger.returned(2), std::logic_error);
}

TEST_CASE("ledger: a batch that is said to be answered counts once") {
  Ledger ledger(1);
  ledger.deal({rows(0, 5)});
  ledger.deal({rows(5, 10)});
  CHECK(sent(ledger) == "0-5 5-10");
  CHECK_FALSE(ledger.answered(2 * 7));  // no such batch
  CHECK(ledger.answered(2 * 5));
  CHECK_FALSE(ledger.answered(2 * 5));
  // The next life is given it again as long as its result has not come.
  CHECK(ledger.died() == Death::again);
  CHECK(sent(ledger) == "0-5 5-10");
  CHECK_FALSE(ledger.answered(2 * 5));
  CHECK_FALSE(ledger.returned(2 * 5));
  CHECK(ledger.returned(2 * 10));
  CHECK_FALSE(ledger.answered(2 * 10));
}

TEST_CASE("ledger: of the pieces of a batch, the last one answers it") {
  Ledger ledger(0);
  ledger.deal({rows(0, 2)});
  for (const bool is_answered_before : {false, true}) {
    CHECK(sent(ledger) == "0-2");
    if (is_answered_before) CHECK(ledger.answered(2 * 2));
    CHECK(ledger.died() == Death::suspect);
    cut(ledger);
    CHECK(sent(ledger) == "0-1");
    CHECK_FALSE(ledger.answered(2 * 1));
    CHECK_FALSE(ledger.returned(2 * 1));
    CHECK(sent(ledger) == "1-2");
    CHECK(ledger.answered(2 * 2) == !is_answered_before);
    CHECK_FALSE(ledger.returned(2 * 2));
    ledger.deal({rows(0, 2)});
  }
}

TEST_CASE("ledger: deaths count in a row") {
  Ledger ledger(2);
  for (uint64_t row = 0; row < 10; ++row) {
    ledger.deal({rows(2 * row, 2 * row + 2)});
    for (int death = 0; death < 2; ++death) {
      sent(ledger);
      CHECK(ledger.died() == Death::again);
    }
    sent(ledger);
    CHECK(ledger.returned(4 * row + 4));
  }
  ledger.deal({rows(20, 22)});
  CHECK(ledger.died() == Death::again);
  CHECK(ledger.died() == Death::again);
  CHECK(ledger.died() == Death::suspect);
}

TEST_CASE("ledger: pieces of a suspect go out one at a time, and count as one batch") {
  Ledger ledger(0);
  ledger.deal({rows(0, 3)});
  ledger.deal({rows(3, 6)});
  sent(ledger);
  CHECK(ledger.died() == Death::suspect);
  CHECK(ledger.front() == rows(0, 3));
  cut(ledger);
  CHECK(sent(ledger) == "0-1");
  CHECK(sent(ledger) == "");
  CHECK_FALSE(ledger.returned(2));
  CHECK(sent(ledger) == "1-2");
  CHECK_FALSE(ledger.returned(4));
  CHECK(sent(ledger) == "2-3");
  CHECK(ledger.returned(6));
  CHECK(sent(ledger) == "3-6");
  CHECK(ledger.returned(12));
  CHECK(ledger.is_empty());
}

TEST_CASE("ledger: a suspect of several rows is cut at its next death") {
  Ledger ledger(3);
  ledger.deal({rows(0, 100)});
  for (int death = 0; death < 3; ++death) CHECK(ledger.died() == Death::again);
  CHECK(ledger.died() == Death::suspect);
  ledger.cut_front({{rows(0, 50)}, {rows(50, 100)}});
  CHECK(sent(ledger) == "0-50");
  CHECK_FALSE(ledger.returned(100));
  CHECK(sent(ledger) == "50-100");
  CHECK(ledger.died() == Death::suspect);
  CHECK(ledger.front() == rows(50, 100));
}

TEST_CASE("ledger: a single row is refused after as many tries as a batch has") {
  Ledger ledger(3);
  ledger.deal({rows(0, 2)});
  ledger.deal({rows(2, 3)});
  for (int death = 0; death < 3; ++death) CHECK(ledger.died() == Death::again);
  CHECK(ledger.died() == Death::suspect);
  cut(ledger);
  for (int death = 0; death < 4; ++death) {
    CHECK(sent(ledger) == "0-1");
    CHECK(ledger.died() == Death::again);
  }
  CHECK(sent(ledger) == "0-1!");
  CHECK_FALSE(ledger.returned(2));
  CHECK(sent(ledger) == "1-2");
  CHECK(ledger.returned(4));
  CHECK(sent(ledger) == "2-3");
}

TEST_CASE("ledger: a batch of one row, or of none, need not be cut") {
  for (const uint64_t count : {0, 1}) {
    Ledger ledger(1);
    Batch batch = rows(0, 1);
    batch.rows = count;
    ledger.deal({batch});
    CHECK(ledger.died() == Death::again);
    CHECK(sent(ledger) == "0-1");
    CHECK(ledger.died() == Death::again);
    CHECK(sent(ledger) == "0-1!");
  }
}

TEST_CASE("ledger: deaths while there was nothing to do are not the next row's") {
  Ledger ledger(2);
  for (int death = 0; death < 2; ++death) CHECK(ledger.died(false) == Death::again);
  ledger.deal({rows(0, 1)});
  for (int death = 0; death < 2; ++death) {
    CHECK(ledger.died() == Death::again);
    CHECK(sent(ledger) == "0-1");
  }
  CHECK(ledger.returned(2));
}

TEST_CASE("ledger: who is killed with nothing to do may be replaced for ever") {
  Ledger ledger(1);
  for (int death = 0; death < 10; ++death) CHECK(ledger.died() == Death::again);
}

TEST_CASE("ledger: who dies of being started, or of what is refused, is beyond help") {
  Ledger idle(2);
  CHECK(idle.died(false) == Death::again);
  CHECK(idle.died(false) == Death::again);
  CHECK(idle.died(false) == Death::hopeless);

  Ledger ledger(1);
  ledger.deal({rows(0, 1)});
  for (int death = 0; death < 3; ++death) CHECK(ledger.died() == Death::again);
  CHECK(ledger.died() == Death::hopeless);
  ledger.clear();
  CHECK(ledger.is_empty());
  CHECK(sent(ledger) == "");
}

TEST_CASE("ledger: a result in between forgives who died of being started") {
  Ledger ledger(1);
  for (uint64_t row = 0; row < 5; ++row) {
    CHECK(ledger.died(false) == Death::again);
    ledger.deal({rows(row, row + 1)});
    ledger.next();
    CHECK(ledger.returned(2 * row + 2));
  }
}

TEST_CASE("ledger: who dies of being started says nothing of the rows it would have been given") {
  Ledger ledger(2);
  ledger.deal({rows(0, 1)});
  for (int round = 0; round < 2; ++round) {
    for (int death = 0; death < 2; ++death) CHECK(ledger.died(false) == Death::again);
    CHECK(sent(ledger) == "0-1");
    CHECK(ledger.died() == Death::again);
  }
  for (int death = 0; death < 2; ++death) CHECK(ledger.died(false) == Death::again);
  CHECK(sent(ledger) == "0-1");
  CHECK(ledger.died(false) == Death::hopeless);
}

TEST_CASE("ledger: results and outlines come back independently of each other") {
  // The batches are returned in order; the outlines come at any time before, between and after.
  for (unsigned order = 0; order < 16; ++order) {
    CAPTURE(order);
    Ledger ledger(3);
    ledger.deal(chunk(2, 5));
    ledger.deal({rows(0, 1)});
    ledger.deal(chunk(5, 8));
    ledger.deal({rows(1, 2)});
    CHECK(sent(ledger) == "2-5? 0-1 5-8? 1-2");
    if (order & 1) ledger.scanned(4);
    if (order & 2) ledger.scanned(10);
    CHECK(ledger.awaits(2));
    CHECK(ledger.returned(2));
    if (order & 4) ledger.scanned(4);
    if (order & 8) ledger.scanned(10);
    CHECK_FALSE(ledger.awaits(2));
    CHECK(ledger.returned(4));
    CHECK(ledger.is_empty() == ((order & 5) && (order & 10)));
    ledger.scanned(10);
    ledger.scanned(4);
    CHECK(ledger.is_empty());
    CHECK(ledger.has_sent_all());
  }
}

TEST_CASE("ledger: a chunk is no batch that could come back") {
  Ledger ledger(3);
  ledger.deal(chunk(0, 1));
  sent(ledger);
  CHECK_FALSE(ledger.awaits(2));
  CHECK_THROWS_AS(ledger.returned(2), std::logic_error);
  // Nor is a batch a chunk that could be scanned.
  ledger.deal({rows(1, 2)});
  sent(ledger);
  ledger.scanned(2);
  CHECK(ledger.returned(4));
}

TEST_CASE("ledger: an outline that comes twice, or of no chunk, changes nothing") {
  Ledger ledger(1);
  ledger.deal(chunk(0, 2));
  ledger.deal(chunk(2, 4));
  CHECK(sent(ledger) == "0-2? 2-4?");
  ledger.scanned(0);
  CHECK(ledger.died() == Death::again);
  ledger.scanned(0);
  ledger.scanned(2);
  CHECK(ledger.died() == Death::suspect);  // nothing has come back in between
  CHECK(sent(ledger) == "2-4?");
}

TEST_CASE("ledger: the next life gets the chunks among the batches, in order") {
  Ledger ledger(3);
  ledger.deal(chunk(2, 4));
  ledger.deal({rows(0, 1)});
  ledger.deal(chunk(4, 6));
  ledger.deal({rows(1, 2)});
  ledger.deal(chunk(6, 8));
  CHECK(sent(ledger) == "2-4? 0-1 4-6? 1-2 6-8?");
  ledger.scanned(8);
  CHECK(ledger.returned(2));
  CHECK(ledger.died() == Death::again);
  CHECK(sent(ledger) == "2-4? 1-2 6-8?");
  CHECK(ledger.died() == Death::again);
  // The outline was on its way when the worker died. What is left is still sent once.
  ledger.scanned(4);
  CHECK(sent(ledger) == "1-2 6-8?");
  CHECK(ledger.returned(4));
  ledger.scanned(12);
  CHECK(ledger.is_empty());
}

TEST_CASE("ledger: an outline in between forgives deaths") {
  for (const bool was_at_work : {false, true}) {
    Ledger ledger(1);
    for (uint64_t row = 0; row < 5; ++row) ledger.deal(chunk(row, row + 1));
    for (uint64_t row = 0; row < 5; ++row) {
      sent(ledger);
      CHECK(ledger.died(was_at_work) == Death::again);
      ledger.scanned(2 * row);
    }
  }
}

TEST_CASE("ledger: a chunk that kills one worker too many is suspect, and is given to no other") {
  for (const unsigned retries : {0u, 1u, 3u}) {
    CAPTURE(retries);
    Ledger ledger(retries);
    ledger.deal(chunk(2, 4));
    ledger.deal({rows(0, 1)});
    ledger.deal(chunk(4, 6));
    for (unsigned death = 0; death < retries; ++death) {
      CHECK(sent(ledger) == "2-4? 0-1 4-6?");
      CHECK(ledger.died() == Death::again);
    }
    sent(ledger);
    CHECK(ledger.died() == Death::suspect);
    CHECK(ledger.front_is_chunk());
    CHECK(ledger.front().range == Range{4, 8});
    ledger.scanned(4);
    CHECK_FALSE(ledger.front_is_chunk());
    CHECK(sent(ledger) == "0-1 4-6?");
    // Those deaths are not counted for what comes next.
    for (unsigned death = 0; death < retries; ++death) CHECK(ledger.died() == Death::again);
    sent(ledger);
    CHECK(ledger.returned(2));
    CHECK(ledger.front_is_chunk());
    ledger.scanned(8);
    CHECK(ledger.is_empty());
  }
}

TEST_CASE("ledger: chunks that are dropped are sent to nobody") {
  Ledger ledger(3);
  ledger.deal(chunk(2, 4));
  ledger.deal({rows(0, 1)});
  CHECK(sent(ledger) == "2-4? 0-1");
  ledger.deal({rows(1, 2)});
  ledger.deal(chunk(4, 6));
  ledger.drop_chunks();
  CHECK(sent(ledger) == "1-2");
  CHECK(ledger.returned(2));
  CHECK(ledger.died() == Death::again);
  CHECK(sent(ledger) == "1-2");
  CHECK(ledger.returned(4));
  CHECK(ledger.is_empty());
  CHECK(ledger.has_sent_all());

  ledger.deal(chunk(6, 8));
  ledger.drop_chunks();
  CHECK(ledger.is_empty());
  CHECK(sent(ledger) == "");
}

TEST_CASE("ledger: a chunk behind a suspect batch waits for it") {
  Ledger ledger(0);
  ledger.deal({rows(0, 2)});
  ledger.deal(chunk(4, 6));
  CHECK(sent(ledger) == "0-2 4-6?");
  CHECK(ledger.died() == Death::suspect);
  CHECK_FALSE(ledger.front_is_chunk());
  cut(ledger);
  CHECK(sent(ledger) == "0-1");
  CHECK_FALSE(ledger.returned(2));
  CHECK(sent(ledger) == "1-2");
  CHECK(ledger.died() == Death::again);
  CHECK(sent(ledger) == "1-2!");
  CHECK(ledger.returned(4));
  CHECK(sent(ledger) == "4-6?");
}

TEST_CASE("ledger: lines are under way of what has been answered and has not come back") {
  Ledger ledger(3);
  for (uint64_t row = 0; row < 30; row += 10) ledger.deal({rows(row, row + 10)});
  CHECK(sent(ledger) == "0-10 10-20 20-30");
  CHECK(ledger.lines_under_way() == 0);
  CHECK(ledger.answered(20));
  const uint64_t lines = ledger.lines_under_way();
  CHECK(lines >= 20 + 10 * 2);  // the rows, and an index for each
  CHECK(ledger.answered(40));
  CHECK(ledger.lines_under_way() == 2 * lines);
  ledger.returned(20);
  CHECK(ledger.lines_under_way() == lines);
}

}  // namespace rowsum
