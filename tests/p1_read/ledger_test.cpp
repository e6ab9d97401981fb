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

/// What is sent now: "0-5 5-10", with ! for a refused batch.
std::string sent(Ledger& ledger) {
  std::string all;
  while (const auto next = ledger.next()) {
    const Range& range = next->batch.range;
    if (!all.empty()) all += " ";
    all += std::to_string(range.begin / 2) + "-" + std::to_string(range.end / 2);
    if (next->is_refused) all += "!";
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

}  // namespace rowsum
