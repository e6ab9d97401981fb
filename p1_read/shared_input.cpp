#include "p1_read/shared_input.h"

#include <fcntl.h>

#include <algorithm>

#include "common/base/failure.h"

namespace rowsum {

namespace {

/// A larger ring than this makes the run no faster.
constexpr uint64_t largest_window = uint64_t{64} << 20;

}  // namespace

SharedInput::SharedInput(const Inputs& inputs, const BatcherOptions& options, uint64_t window) {
  if (inputs.is_plain_file()) {
    file_ = OwnedFd(::fcntl(inputs.fd(), F_DUPFD_CLOEXEC, 3));
    if (!file_.is_open()) throw Failure::from_errno(ExitStatus::system, inputs.name());
    return;
  }
  // Room for a header and a row that are both as long as they may be.
  const uint64_t for_long_rows = 2 * options.largest_text() + byte_order_mark.size();
  ring_ = std::make_unique<Ring>(std::max(for_long_rows, std::min(window, largest_window)));
}

Shared SharedInput::where() const {
  if (ring_) return {ring_->fd(), ring_->size()};
  return {file_.get(), 0};
}

std::span<char> SharedInput::space(uint64_t offset, size_t bytes) {
  if (ring_) return ring_->space(offset, bytes);
  scratch_.reserve(bytes);
  return {scratch_.data(), bytes};
}

}  // namespace rowsum
