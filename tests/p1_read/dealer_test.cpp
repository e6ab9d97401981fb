// SPDX-License-Identifier: MIT
#include "p1_read/dealer.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "tests/support/thrown.h"

namespace rowsum {

namespace {

constexpr size_t no_limit = SIZE_MAX;

std::vector<size_t> deal(Dealer& dealer, size_t batches) {
  std::vector<size_t> places;
  for (size_t i = 0; i < batches; ++i) places.push_back(dealer.deal().value());
  return places;
}

}  // namespace

TEST_CASE("dealer: names of policies") {
  CHECK(parse_deal_policy("round-robin") == DealPolicy::round_robin);
  CHECK(parse_deal_policy("random") == DealPolicy::random);
  CHECK(parse_deal_policy("pull") == DealPolicy::pull);
  for (const char* text : {"", "Pull", "Random", "round_robin", "random "}) {
    CAPTURE(std::string(text));
    const Thrown thrown = thrown_by([&] { parse_deal_policy(text); });
    CHECK(thrown.status == ExitStatus::usage);
    CHECK(thrown.message.find('\'' + std::string(text) + '\'') != std::string::npos);
  }
}

TEST_CASE("dealer: round-robin goes round") {
  Dealer dealer(DealPolicy::round_robin, 3, no_limit);
  CHECK(deal(dealer, 7) == std::vector<size_t>{0, 1, 2, 0, 1, 2, 0});
}

TEST_CASE("dealer: round-robin passes over places without credit and goes on after them") {
  Dealer dealer(DealPolicy::round_robin, 3, 2);
  CHECK(deal(dealer, 6) == std::vector<size_t>{0, 1, 2, 0, 1, 2});
  CHECK_FALSE(dealer.has_credit());
  CHECK_FALSE(dealer.deal());
  dealer.returned(1);
  CHECK(dealer.has_credit());
  CHECK(dealer.deal() == 1);
  CHECK_FALSE(dealer.deal());
  dealer.returned(0);
  dealer.returned(2);
  CHECK(deal(dealer, 2) == std::vector<size_t>{2, 0});
}

TEST_CASE("dealer: a place without anything outstanding is idle") {
  Dealer dealer(DealPolicy::round_robin, 2, 8);
  CHECK(dealer.has_idle());
  CHECK(dealer.deal_to_idle() == 0);
  CHECK(dealer.deal_to_idle() == 1);
  CHECK_FALSE(dealer.has_idle());
  CHECK_FALSE(dealer.deal_to_idle());
  CHECK(dealer.has_credit());
  CHECK(dealer.deal() == 0);
  dealer.returned(0);
  CHECK_FALSE(dealer.has_idle());
  dealer.returned(0);
  CHECK(dealer.has_idle());
  CHECK(dealer.deal_to_idle() == 0);
}

TEST_CASE("dealer: pull goes to the place with the least outstanding, equals in turn") {
  Dealer dealer(DealPolicy::pull, 3, 8);
  for (const size_t place : {0, 1, 2, 0, 1, 2}) CHECK(dealer.deal() == place);
  dealer.returned(1);
  dealer.returned(1);
  dealer.returned(0);
  for (const size_t place : {1, 0, 1, 2}) CHECK(dealer.deal() == place);
}

TEST_CASE("dealer: random reaches every place, and none without credit") {
  constexpr size_t places = 4;
  Dealer dealer(DealPolicy::random, places, no_limit);
  std::map<size_t, size_t> dealt;
  for (const size_t place : deal(dealer, 4000)) ++dealt[place];
  REQUIRE(dealt.size() == places);
  for (const auto& [place, batches] : dealt) {
    CHECK(place < places);
    CHECK(batches > 800);
  }

  Dealer limited(DealPolicy::random, places, 3);
  dealt.clear();
  for (const size_t place : deal(limited, 3 * places)) ++dealt[place];
  for (const auto& [place, batches] : dealt) CHECK(batches == 3);
  CHECK_FALSE(limited.deal());
  limited.returned(2);
  CHECK(limited.deal() == 2);
}

TEST_CASE("dealer: one place gets all") {
  for (const DealPolicy policy : {DealPolicy::round_robin, DealPolicy::random, DealPolicy::pull}) {
    Dealer dealer(policy, 1, 3);
    CHECK(deal(dealer, 3) == std::vector<size_t>{0, 0, 0});
    CHECK_FALSE(dealer.deal());
  }
}

TEST_CASE("dealer: chunks are dealt as batches are, up to so many at each place") {
  Dealer dealer(DealPolicy::round_robin, 3, no_limit);
  for (const size_t place : {0, 1, 2, 0, 1, 2}) CHECK(dealer.deal_chunk(2) == place);
  CHECK_FALSE(dealer.deal_chunk(2));
  CHECK(dealer.deal() == 0);  // the limit is for chunks alone
  dealer.chunk_became_batch(2);
  dealer.chunk_became_batch(0);
  for (const size_t place : {2, 0}) CHECK(dealer.deal_chunk(2) == place);
  CHECK_FALSE(dealer.deal_chunk(2));
}

TEST_CASE("dealer: a chunk and its batch take one credit, from when the chunk is dealt") {
  Dealer dealer(DealPolicy::round_robin, 1, 2);
  CHECK(dealer.deal_chunk(9) == 0);
  CHECK_FALSE(dealer.has_idle());
  CHECK(dealer.deal() == 0);
  CHECK_FALSE(dealer.deal_chunk(9));
  CHECK_FALSE(dealer.deal());
  dealer.chunk_became_batch(0);
  CHECK_FALSE(dealer.has_credit());
  dealer.returned(0);
  CHECK(dealer.deal_chunk(9) == 0);
  dealer.returned(0);
  dealer.chunk_became_batch(0);
  dealer.returned(0);
  CHECK(dealer.has_idle());
}

TEST_CASE("dealer: a chunk in which no batch ends gives its credit back") {
  Dealer dealer(DealPolicy::round_robin, 1, 1);
  CHECK(dealer.deal_chunk(1) == 0);
  CHECK_FALSE(dealer.has_credit());
  dealer.chunk_has_no_batch(0);
  CHECK(dealer.has_idle());
  CHECK(dealer.deal_chunk(1) == 0);
}

TEST_CASE("dealer: a place elsewhere gets nothing until a limit is set, and never a chunk") {
  Dealer dealer(DealPolicy::round_robin, 3, 8);
  dealer.set_elsewhere(1);
  CHECK(deal(dealer, 3) == std::vector<size_t>{0, 2, 0});
  CHECK_FALSE(dealer.deal_elsewhere());
  dealer.limit(1, 2);
  CHECK(dealer.next() == 1);
  CHECK(dealer.deal() == 1);
  CHECK(dealer.deal_here() == 2);
  CHECK(dealer.deal_here() == 0);
  CHECK(dealer.deal_elsewhere() == 1);
  CHECK_FALSE(dealer.deal_elsewhere());
  dealer.returned(1);
  for (const size_t place : {2, 0, 2}) CHECK(dealer.deal_chunk(8) == place);
  dealer.limit(1, 1);
  CHECK(dealer.next() == 0);
}

TEST_CASE("dealer: idle places here and anywhere") {
  Dealer dealer(DealPolicy::round_robin, 2, 8);
  dealer.set_elsewhere(0);
  dealer.limit(0, 2);
  CHECK(dealer.deal_to_idle_here() == 1);
  CHECK_FALSE(dealer.deal_to_idle_here());
  CHECK(dealer.deal_to_idle() == 0);
  CHECK_FALSE(dealer.deal_to_idle());
}

TEST_CASE("dealer: credit, here and anywhere") {
  Dealer dealer(DealPolicy::pull, 2, 2);
  dealer.set_elsewhere(0);
  dealer.limit(0, 9);
  CHECK(deal(dealer, 3) == std::vector<size_t>{0, 1, 0});
  CHECK(dealer.has_credit_here());
  CHECK(dealer.deal() == 1);
  CHECK_FALSE(dealer.has_credit_here());
  CHECK_FALSE(dealer.has_credit());  // the limit is not above the credit of all
  CHECK_FALSE(dealer.next());
  dealer.returned(0);
  CHECK(dealer.has_credit());
  CHECK_FALSE(dealer.has_credit_here());
  CHECK_FALSE(dealer.has_idle());
  dealer.returned(0);
  CHECK(dealer.has_idle());
  dealer.limit(0, 0);
  CHECK_FALSE(dealer.has_idle());
}

TEST_CASE("dealer: with pull, chunks go to the place with the least outstanding") {
  Dealer dealer(DealPolicy::pull, 3, 8);
  CHECK(dealer.deal() == 0);
  for (const size_t place : {1, 2, 0}) CHECK(dealer.deal_chunk(1) == place);
  dealer.chunk_became_batch(0);
  dealer.chunk_became_batch(1);
  dealer.returned(1);
  CHECK(dealer.deal_chunk(1) == 1);
  CHECK(dealer.deal_chunk(1) == 0);
  CHECK_FALSE(dealer.deal_chunk(1));
}

}  // namespace rowsum
