// SPDX-License-Identifier: MIT
#include "common/worker/selected_fields.h"

#include <stdexcept>
#include <string>

#include "common/base/failure.h"
#include "common/csv/field_parser.h"

namespace rowsum {

namespace {

Failure wrong_fields(const std::string& what) {
  return Failure(ExitStatus::usage, "--fields: " + what);
}

FieldList parse(const FieldRules& rules) {
  try {
    return FieldList::parse(rules.list, rules.complement);
  } catch (const std::invalid_argument& error) {
    throw wrong_fields(error.what());
  }
}

/// Goes through rows field by field.
class RowWalk {
 public:
  RowWalk(std::string_view rows, Dialect dialect)
      : parser_(dialect), at_(rows.data()), end_(rows.data() + rows.size()) {}

  const char* at() const { return at_; }
  /// Goes on after the next field of this row. Returns false if the row has no other field.
  bool skip_field() {
    const char* const end = parser_.parse(at_, end_);
    const bool is_last = end == end_ || is_row_end(*end);
    at_ = is_last ? end : end + 1;
    return !is_last;
  }
  /// Goes to the beginning of the next row.
  void skip_row() {
    while (skip_field()) {
    }
    at_ = skip_row_end(at_, end_);
  }

 private:
  FieldParser parser_;
  const char* at_;
  const char* end_;
};

}  // namespace

SelectedFields::SelectedFields(const Hello& hello)
    : dialect_(hello.dialect), list_(parse(hello.fields)) {
  if (!list_.has_names()) use(list_);
}

std::string_view SelectedFields::begin_input(std::string_view header_row) {
  if (list_.has_names()) {
    try {
      use(list_.resolve(header_row, dialect_));
    } catch (const std::invalid_argument& error) {
      throw wrong_fields(error.what());
    }
  }
  return of(header_row);
}

std::string_view SelectedFields::of(std::string_view rows) {
  if (!filter_) throw wrong_fields("names need --header");
  const size_t size = filter_->append(rows, selected_, 0);
  return {selected_.data(), size};
}

std::vector<Reject> SelectedFields::as_in_input(std::vector<Reject> rejects, const Batch& batch,
                                                std::string_view rows) const {
  RowWalk walk(rows, dialect_);
  uint64_t row = 0;
  for (Reject& reject : rejects) {
    for (; row < reject.row; ++row) walk.skip_row();
    const char* const begin = walk.at();
    const char* field_begin = begin;
    if (reject.field > 0) {
      reject.field = number_in_input(reject.field);
      for (uint64_t field = 1; field < reject.field; ++field) walk.skip_field();
      field_begin = walk.at();
    }
    walk.skip_row();
    ++row;
    reject.offset = batch.text_begin() + static_cast<uint64_t>(field_begin - rows.data());
    reject.bytes.assign(begin, walk.at());
  }
  return rejects;
}

void SelectedFields::use(const FieldList& list) {
  ranges_ = list.ranges();
  filter_.emplace(list, dialect_);
}

/// The number in the input of a field that a worker has counted, from 1.
uint64_t SelectedFields::number_in_input(uint64_t field) const {
  for (const FieldRange& range : ranges_) {
    if (range.is_open() || field <= range.last - range.first + 1) return range.first + field - 1;
    field -= range.last - range.first + 1;
  }
  throw std::logic_error("a reject of a field that is not selected");
}

}  // namespace rowsum
