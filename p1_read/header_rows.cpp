// SPDX-License-Identifier: MIT
#include "p1_read/header_rows.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

Batcher read_beginning(const Inputs& inputs, const BatcherOptions& options) {
  Batcher batcher(options, 0);
  batcher.begin_input(inputs.index(), inputs.name());
  std::vector<char> bytes(size_t{32} << 10);
  while (batcher.needs_bytes()) {
    const std::span<char> into = std::span(bytes).first(std::min(bytes.size(), batcher.wanted()));
    const size_t n = pread_fully(inputs.fd(), into, batcher.scanned(), inputs.name());
    batcher.feed({bytes.data(), n});
    if (n == 0) {
      batcher.end_input();
      batcher.check();
      break;
    }
    batcher.check();  // no row after the header can be too long yet, see wanted()
  }
  return batcher;
}

HeaderRows::HeaderRows(const FieldRules& fields, Dialect dialect) : dialect_(dialect) {
  if (!fields.are_selected()) return;
  const FieldList list = FieldList::parse(fields.list, fields.complement);
  if (list.has_names()) named_ = list;
}

void HeaderRows::note(const Batcher& batcher) {
  if (batcher.header_row().empty()) return;
  if (!headers_.empty() && headers_.back().input == batcher.input()) return;
  try {
    if (named_) named_->resolve(batcher.header_row(), dialect_);
  } catch (const std::invalid_argument& error) {
    throw Failure(ExitStatus::usage, batcher.name() + ": --fields: " + error.what());
  }
  headers_.push_back({batcher.input(), batcher.header_row()});
}

void HeaderRows::read(const Inputs& inputs, const BatcherOptions& options) {
  note(read_beginning(inputs, options));
}

std::string HeaderRows::of(uint32_t input) const {
  const auto is_it = [input](const Header& header) { return header.input == input; };
  const auto found = std::find_if(headers_.begin(), headers_.end(), is_it);
  return found == headers_.end() ? "" : found->row;
}

void HeaderRows::forget_before(uint32_t input) {
  while (!headers_.empty() && headers_.front().input < input) headers_.pop_front();
}

}  // namespace rowsum
