// SPDX-License-Identifier: MIT
// The fields that count. A worker sees the rows as if they had no others, and its rejects are
// changed to speak of the rows as they stand in the input.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/base/buffer.h"
#include "common/csv/field_filter.h"
#include "common/csv/field_list.h"
#include "common/model/batch.h"
#include "common/model/reject.h"
#include "common/wire/hello.h"

namespace rowsum {

class SelectedFields {
 public:
  /// Throws Failure(usage) if the hello has no list of fields.
  explicit SelectedFields(const Hello& hello);

  /// The batches that come next are of another input. Returns the selected fields of its header
  /// row, valid until the next call of any function. Throws Failure(usage) if the header lacks a
  /// name in the list.
  std::string_view begin_input(std::string_view header_row);

  /// Returns the selected fields of these rows, valid until the next call of any function. Throws
  /// Failure(usage) if the list has names, and the input has no header row.
  std::string_view of(std::string_view rows);

  /// Changes the rejects that a worker has found in the selected fields of `rows`, the text of
  /// `batch`.
  std::vector<Reject> as_in_input(std::vector<Reject> rejects, const Batch& batch,
                                  std::string_view rows) const;

 private:
  void use(const FieldList& list);
  uint64_t number_in_input(uint64_t field) const;

  Dialect dialect_;
  FieldList list_;
  std::vector<FieldRange> ranges_;
  std::optional<FieldFilter> filter_;  // none as long as names are not resolved
  Buffer selected_;
};

}  // namespace rowsum
