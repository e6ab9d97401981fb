// SPDX-License-Identifier: MIT
#include "common/wire/shared_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/io/read_write.h"

namespace rowsum {

namespace {

/// The bytes before a chunk for which there is room in front of its text. Not whole pages: chunks
/// begin at pages, and the processor copies faster if the two addresses differ within the page.
constexpr uint64_t headroom = (uint64_t{64} << 10) - 2048;

}  // namespace

OwnedFd open_input_of_parent(uint32_t descriptor, const std::string& name) {
  const std::string path =
      "/proc/" + std::to_string(::getppid()) + "/fd/" + std::to_string(descriptor);
  OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::io, name);
  return file;
}

SharedText::SharedText(const Shared& where) : fd_(where.fd) {
  if (where.ring_size > 0) {
    ring_.emplace(fd_, where.ring_size, boost::interprocess::read_only, "the ring for the input");
  }
}

void SharedText::use(int fd, uint64_t origin) {
  fd_ = fd;
  origin_ = origin;
}

std::string_view SharedText::of(const Batch& batch, const std::string& name) {
  if (ring_) return {ring_->at(batch.text_begin()), batch.text};
  const uint64_t begin = batch.text_begin();
  if (Kept* const kept = kept_for(batch)) {
    char* const text = kept->bytes.data() + (headroom + begin - kept->range.begin);
    if (begin < kept->range.begin) read({text, kept->range.begin - begin}, begin, name);
    return {text, batch.text};
  }
  buffer_.reserve(batch.text);
  read({buffer_.data(), batch.text}, begin, name);
  return {buffer_.data(), batch.text};
}

std::string_view SharedText::read_into(std::span<char> room, const Batch& batch,
                                       const std::string& name) {
  if (ring_) {
    std::memcpy(room.data(), ring_->at(batch.text_begin()), room.size());
  } else {
    read(room, batch.text_begin(), name);
  }
  return {room.data(), room.size()};
}

std::string_view SharedText::chunk(const Range& range, const std::string& name) {
  Kept& kept = kept_[next_];
  next_ = (next_ + 1) % kept_chunks;
  kept.range = {};
  kept.bytes.reserve(headroom + range.size());
  char* const text = kept.bytes.data() + headroom;
  const size_t size = read_some({text, range.size()}, range.begin, name);
  kept.range = {range.begin, range.begin + size};
  return {text, size};
}

SharedText::Kept* SharedText::kept_for(const Batch& batch) {
  const auto holds = [&](const Kept& kept) {
    return kept.range.begin < batch.range.end && batch.range.end <= kept.range.end &&
           kept.range.begin <= batch.text_begin() + headroom;
  };
  const auto found = std::find_if(kept_.begin(), kept_.end(), holds);
  return found == kept_.end() ? nullptr : &*found;
}

void SharedText::read(std::span<char> into, uint64_t offset, const std::string& name) {
  if (read_some(into, offset, name) < into.size()) throw shrunk(name);
}

size_t SharedText::read_some(std::span<char> into, uint64_t offset, const std::string& name) {
  return pread_fully(fd_, into, offset - origin_, name);
}

}  // namespace rowsum
