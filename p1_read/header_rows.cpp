#include "p1_read/header_rows.h"

#include <algorithm>
#include <vector>

#include "common/io/read_write.h"

namespace rowsum {

void HeaderRows::note(uint32_t input, const Batcher& batcher) {
  if (batcher.header_row().empty()) return;
  if (!headers_.empty() && headers_.back().input == input) return;
  headers_.push_back({input, batcher.header_row()});
}

void HeaderRows::read(const Inputs& inputs, const BatcherOptions& options) {
  Batcher batcher(options, 0);
  batcher.begin_input(inputs.index(), inputs.name());
  std::vector<char> bytes(size_t{32} << 10);
  while (batcher.needs_bytes()) {
    const std::span<char> into = std::span(bytes).first(std::min(bytes.size(), batcher.wanted()));
    const size_t n = pread_fully(inputs.fd(), into, batcher.scanned(), inputs.name());
    if (n == 0) return;
    batcher.feed({bytes.data(), n});
    batcher.check();
  }
  note(inputs.index(), batcher);
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
