// SPDX-License-Identifier: MIT
#include "p1_read/shared_input.h"

#include <fcntl.h>

#include <algorithm>

#include "common/base/failure.h"

namespace rowsum {

namespace {

constexpr size_t scratch_size = size_t{256} << 10;

/// The descriptor of the current input again, greater than 2.
OwnedFd copy_of(const Inputs& inputs) {
  OwnedFd file(::fcntl(inputs.fd(), F_DUPFD_CLOEXEC, 3));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::system, inputs.name());
  return file;
}

}  // namespace

SharedInput::SharedInput(const Inputs& inputs, const BatcherOptions& options, uint64_t window,
                         bool uses_files)
    : keeps_files_(uses_files && !inputs.is_plain_file()) {
  if (inputs.is_plain_file()) file_ = copy_of(inputs);
  if (!inputs.is_plain_file() && !keeps_files_) make_ring(options, window);
  text_.emplace(where());
}

void SharedInput::make_ring(const BatcherOptions& options, uint64_t window) {
  // Room for a header and a row that are both as long as they may be.
  const uint64_t for_long_rows = 2 * options.largest_text() + byte_order_mark.size();
  ring_ = std::make_unique<Ring>(std::max(for_long_rows, window));
}

Shared SharedInput::where() const {
  if (ring_) return {ring_->fd(), ring_->size()};
  return {file_.get(), 0};
}

void SharedInput::begin_input(const Inputs& inputs, uint64_t origin, uint32_t oldest) {
  if (!keeps_files_) return;
  if (!inputs.has_known_size()) {
    throw Failure(ExitStatus::io, inputs.name() + ": it is no plain file any more");
  }
  while (!files_.empty() && files_.front().input < oldest) files_.pop_front();
  files_.push_back({inputs.index(), origin, copy_of(inputs)});
}

const SharedInput::File* SharedInput::file_of(uint32_t input) const {
  const auto is_it = [input](const File& file) { return file.input == input; };
  const auto found = std::find_if(files_.begin(), files_.end(), is_it);
  return found == files_.end() ? nullptr : &*found;
}

std::string_view SharedInput::text_of(const Batch& batch, const std::string& name) {
  use_file_of(batch.input);
  return text_->of(batch, name);
}

std::string_view SharedInput::chunk(const Range& range, uint32_t input, const std::string& name) {
  use_file_of(input);
  return text_->chunk(range, name);
}

void SharedInput::use_file_of(uint32_t input) {
  if (const File* const file = file_of(input)) text_->use(file->fd.get(), file->origin);
}

std::span<char> SharedInput::space(uint64_t offset, size_t bytes) {
  if (ring_) return ring_->space(offset, bytes);
  bytes = std::min(bytes, scratch_size);  // it stays in the caches while it is cut
  scratch_.reserve(bytes);
  return {scratch_.data(), bytes};
}

}  // namespace rowsum
