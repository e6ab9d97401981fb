// SPDX-License-Identifier: MIT
// The selected fields of rows (common/csv/field_filter.h) from the automaton alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/csv/field_list.h"
#include "common/csv/row_automaton.h"

namespace rowsum {

struct PlainRow {
  std::vector<std::string> fields;  // as they stand, with their quotes; none in a blank line
  std::string row_end;              // nothing if the row lacks it

  bool operator==(const PlainRow&) const = default;
};

inline std::vector<PlainRow> plain_rows(std::string_view text, Dialect dialect) {
  using Meaning = RowAutomaton::Meaning;
  RowAutomaton automaton(dialect);
  std::vector<PlainRow> rows;
  bool is_in_row = false;
  for (const char byte : text) {
    const bool is_row_start = automaton.is_at_row_start();
    const Meaning meaning = automaton.step(byte);
    if (is_row_start && meaning == Meaning::syntax && byte == '\n') {
      rows.back().row_end += byte;
      continue;
    }
    if (!is_in_row) rows.emplace_back();
    is_in_row = meaning != Meaning::row_end;
    PlainRow& row = rows.back();
    if (meaning == Meaning::row_end) {
      row.row_end = byte;
      continue;
    }
    if (is_row_start) row.fields.emplace_back();
    if (meaning == Meaning::field_end) {
      row.fields.emplace_back();
    } else {
      row.fields.back() += byte;
    }
  }
  return rows;
}

inline std::string text_of(const std::vector<PlainRow>& rows, Dialect dialect) {
  std::string text;
  for (const PlainRow& row : rows) {
    for (size_t i = 0; i < row.fields.size(); ++i) {
      if (i > 0) text += dialect.delimiter;
      text += row.fields[i];
    }
    text += row.row_end;
  }
  return text;
}

/// `follows_carriage_return`: what is written follows a CR.
inline std::vector<PlainRow> plain_filter(const std::vector<PlainRow>& rows,
                                          std::span<const FieldRange> ranges,
                                          bool follows_carriage_return = false) {
  std::vector<PlainRow> selected;
  for (const PlainRow& row : rows) {
    PlainRow& to = selected.emplace_back();
    to.row_end = row.row_end;
    for (size_t i = 0; i < row.fields.size(); ++i) {
      for (const FieldRange& range : ranges) {
        if (range.first <= i + 1 && i + 1 <= range.last) to.fields.push_back(row.fields[i]);
      }
    }
    if (to.fields == std::vector<std::string>{""}) to.fields = {"\"\""};
    if (to.fields.empty()) {
      if (to.row_end.empty()) to.row_end = "\n";
      if (to.row_end == "\n" && follows_carriage_return) to.row_end = "\r\n";
    }
    follows_carriage_return = to.row_end == "\r";
  }
  return selected;
}

}  // namespace rowsum
