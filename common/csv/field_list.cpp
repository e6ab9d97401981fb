// SPDX-License-Identifier: MIT
#include "common/csv/field_list.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "common/base/report.h"
#include "common/csv/row_automaton.h"

namespace rowsum {

namespace {

struct Field {
  std::string value;
  bool is_quoted = false;
};

struct Row {
  std::vector<Field> fields;  // none if the row is blank
  size_t size = 0;            // in bytes, without the row end
  bool lacks_quote = false;
};

Row first_row_of(std::string_view text, Dialect dialect) {
  using Meaning = RowAutomaton::Meaning;
  RowAutomaton automaton(dialect);
  Row row;
  for (; row.size < text.size(); ++row.size) {
    const char byte = text[row.size];
    const Meaning meaning = automaton.step(byte);
    if (meaning == Meaning::row_end) break;
    if (row.fields.empty()) row.fields.emplace_back();
    if (meaning == Meaning::field_end) row.fields.emplace_back();
    if (meaning == Meaning::content) row.fields.back().value += byte;
    if (meaning == Meaning::syntax) row.fields.back().is_quoted = true;
  }
  row.lacks_quote = automaton.is_quoted();
  return row;
}

bool is_number_or_range(std::string_view item) {
  return item.find_first_not_of("0123456789-") == item.npos &&
         std::count(item.begin(), item.end(), '-') <= 1;
}

std::invalid_argument wrong(std::string_view item, const std::string& is_wrong) {
  return std::invalid_argument("'" + printable(item) + "' " + is_wrong);
}

/// Removes the number at the beginning of `rest`, a part of the item, and returns it.
uint64_t take_number(std::string_view& rest, std::string_view item) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || number == FieldRange::no_last) throw wrong(item, "is too large");
  if (number == 0) throw wrong(item, "is no field: the first one is 1");
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  return number;
}

FieldRange parse_range(std::string_view item) {
  if (item.empty()) throw std::invalid_argument("an item is empty");
  if (item == "-") throw wrong(item, "is a range without numbers");
  std::string_view rest = item;
  FieldRange range;
  if (rest.front() != '-') range.first = take_number(rest, item);
  if (rest.empty()) return {range.first, range.first};
  rest.remove_prefix(1);
  if (!rest.empty()) range.last = take_number(rest, item);
  if (range.last < range.first) throw wrong(item, "is a decreasing range");
  return range;
}

std::string in_quotes(std::string_view name) {
  std::string doubled;
  for (const char c : name) doubled.append(c == quote ? 2 : 1, c);
  return quote + printable(doubled) + quote;
}

/// The name as an item of LIST.
std::string item_of(std::string_view name) {
  const bool needs_quotes = is_number_or_range(name) || name.find_first_of(",\"\r\n") != name.npos;
  return needs_quotes ? in_quotes(name) : printable(name);
}

std::invalid_argument unknown(std::string_view name, const std::vector<Field>& columns) {
  constexpr size_t long_list = 300;
  const std::string complaint = "no column is named " + in_quotes(name);
  if (columns.empty()) return std::invalid_argument(complaint + ": the header row is blank");
  std::string list;
  for (const Field& column : columns) {
    if (!list.empty()) list += ", ";
    if (list.size() > long_list) {
      list += "...";
      break;
    }
    list += item_of(column.value);
  }
  return std::invalid_argument(complaint +
                               (columns.size() == 1 ? "; there is only " : "; there are ") + list);
}

/// Sorted, and joined where they overlap or touch.
std::vector<FieldRange> merged(std::vector<FieldRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const FieldRange& a, const FieldRange& b) { return a.first < b.first; });
  std::vector<FieldRange> disjoint;
  for (const FieldRange& range : ranges) {
    if (disjoint.empty() || range.first - 1 > disjoint.back().last) {
      disjoint.push_back(range);
    } else {
      disjoint.back().last = std::max(disjoint.back().last, range.last);
    }
  }
  return disjoint;
}

/// All that is not in these ranges, which are sorted and disjoint.
std::vector<FieldRange> gaps(const std::vector<FieldRange>& ranges) {
  std::vector<FieldRange> between;
  uint64_t next = 1;
  for (const FieldRange& range : ranges) {
    if (range.first > next) between.push_back({next, range.first - 1});
    if (range.is_open()) return between;
    next = range.last + 1;
  }
  between.push_back({next, FieldRange::no_last});
  return between;
}

}  // namespace

FieldList FieldList::parse(std::string_view list, bool complement) {
  const Row row = first_row_of(list, Dialect());
  if (row.lacks_quote) throw std::invalid_argument("a quote is not closed");
  if (row.size != list.size()) throw std::invalid_argument("a row end is not in quotes");
  if (row.fields.empty()) throw std::invalid_argument("the list is empty");
  FieldList fields;
  fields.complement_ = complement;
  for (const Field& item : row.fields) {
    if (item.is_quoted || !is_number_or_range(item.value)) {
      fields.names_.push_back(item.value);
    } else {
      fields.listed_.push_back(parse_range(item.value));
    }
  }
  return fields;
}

FieldList FieldList::resolve(std::string_view header_row, Dialect dialect) const {
  const std::vector<Field> columns = first_row_of(header_row, dialect).fields;
  FieldList resolved = *this;
  resolved.names_.clear();
  for (const std::string& name : names_) {
    bool is_known = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].value != name) continue;
      resolved.listed_.push_back({i + 1, i + 1});
      is_known = true;
    }
    if (!is_known) throw unknown(name, columns);
  }
  return resolved;
}

std::vector<FieldRange> FieldList::ranges() const {
  const std::vector<FieldRange> listed = merged(listed_);
  return complement_ ? gaps(listed) : listed;
}

}  // namespace rowsum
