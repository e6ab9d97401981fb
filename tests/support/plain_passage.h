// SPDX-License-Identifier: MIT
// The passage of some bytes (common/csv/outline.h) from the automaton alone.
#pragma once

#include <string_view>

#include "common/csv/outline.h"

namespace rowsum {

constexpr ReadingState all_reading_states[] = {
    ReadingState::row_start, ReadingState::field_start,     ReadingState::plain,
    ReadingState::quoted,    ReadingState::quote_in_quoted, ReadingState::after_carriage_return};

inline Passage plain_passage(std::string_view bytes, ReadingState entry, Dialect dialect) {
  RowAutomaton automaton(dialect, entry);
  Passage passage;
  const auto end_row = [&](size_t end) {
    ++passage.rows;
    passage.row_end = end;
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (automaton.state() == ReadingState::after_carriage_return) end_row(i + (bytes[i] == '\n'));
    if (automaton.step(bytes[i]) != RowAutomaton::Meaning::row_end) continue;
    if (passage.content_end == Passage::none) passage.content_end = i;
    if (bytes[i] == '\n') end_row(i + 1);
  }
  passage.exit = automaton.state();
  return passage;
}

}  // namespace rowsum
