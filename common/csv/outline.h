// SPDX-License-Identifier: MIT
// What a stretch of CSV does to any reading that enters it, so that stretches can be looked at in
// any order, by different processes, and be put together afterwards.
//
// Whether a row ends at a byte depends on all the quotes before it. But a reading can be in no more
// than six states between two bytes, and the state is all that it remembers. So a stretch is a
// function from states to states, and the stretches of an input are functions that are composed:
//
//   Outline whole = Outline::of(first, dialect).then(Outline::of(second, dialect));
//   whole.from(ReadingState::row_start).rows                 // how many rows end in both
//
// Composition is associative, and exact for any input, well formed or not. The technique is known
// from parallel finite-state machines (Mytkowicz et al., "Data-Parallel Finite-State Machines",
// ASPLOS 2014) and parsers of CSV (Ge et al., "Speculative Distributed CSV Data Parsing for Big
// Data Analytics", SIGMOD 2019; Stehle and Jacobsen, "ParPaRaw", VLDB 2020). What makes it cheap
// here is that after the first byte that is no quote no more than two states are left, inside
// quotes and outside, and that these are soon one in most texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/csv/row_automaton.h"

namespace rowsum {

constexpr size_t reading_states = 6;

/// What some bytes do to a reading in one state. Offsets are counted from the first of the bytes.
///
/// A row end is certain once all of it is known: that of a CR with the next byte.
struct Passage {
  static constexpr uint64_t none = UINT64_MAX;

  ReadingState exit = ReadingState::row_start;
  uint64_t rows = 0;            // row ends that became certain
  uint64_t row_end = 0;         // just after the last of them, if rows > 0
  uint64_t content_end = none;  // the first byte that ended the content of a row, an LF or a CR

  bool operator==(const Passage&) const = default;
};

/// The passage of `bytes` for a reading in the state `entry`.
Passage read_through(std::string_view bytes, ReadingState entry, Dialect dialect);

class Outline {
 public:
  /// Of no bytes.
  Outline();
  static Outline of(std::string_view bytes, Dialect dialect);
  /// Of `size` bytes, with the passages in the order of ReadingState.
  Outline(uint64_t size, const std::array<Passage, reading_states>& passages)
      : size_(size), passages_(passages) {}

  /// How many bytes it is of.
  uint64_t size() const { return size_; }
  const Passage& from(ReadingState entry) const { return passages_[static_cast<size_t>(entry)]; }

  /// The outline of these bytes and then those of `next`.
  Outline then(const Outline& next) const;

  bool operator==(const Outline&) const = default;

 private:
  uint64_t size_ = 0;
  std::array<Passage, reading_states> passages_;  // by entry
};

}  // namespace rowsum
