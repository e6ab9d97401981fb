// SPDX-License-Identifier: MIT
// How libFuzzer changes streams: it divides them into frames, changes a frame or the order of
// frames, and sets the checksum of each header (and payload) again. Without that, every change
// would be refused because of the checksums. Sometimes it leaves them wrong, because the checksums
// have to be tested, too.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/frame.h"
#include "common/wire/little_endian.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed);

namespace rowsum {

namespace {

/// The fields of a header that are numbers (FORMAT.md).
struct Field {
  size_t at;
  size_t size;
};
constexpr Field version = {4, 2}, flags = {6, 2}, input = {8, 4}, where = {12, 4}, begin = {16, 8},
                end = {24, 8}, first_row = {32, 8}, rows = {40, 8}, details = {48, 8},
                text = {56, 8}, payload_checksum = {64, 8}, header_checksum = {72, 8};

/// A frame as bytes. The lengths in the header need not fit what follows it.
struct RawFrame {
  std::string header;
  std::string details;
  std::string text;

  uint64_t value(Field field) const {
    std::array<char, 8> bytes = {};
    std::copy_n(header.begin() + static_cast<ptrdiff_t>(field.at), field.size, bytes.begin());
    const char* at = bytes.data();
    return get<uint64_t>(at);
  }
  void set(Field field, uint64_t value) {
    std::array<char, 8> bytes;
    char* at = bytes.data();
    put(at, value);
    std::copy_n(bytes.begin(), field.size, header.begin() + static_cast<ptrdiff_t>(field.at));
  }

  void fit() {
    set(rowsum::details, details.size());
    if (!(value(flags) & text_is_shared)) set(rowsum::text, text.size());
  }
  void seal() {
    if (value(flags) & has_checksum) {
      const std::string payload = details + text;
      set(payload_checksum, XXH3_64bits(payload.data(), payload.size()));
    }
    set(header_checksum, XXH3_64bits(header.data(), header_checksum.at));
  }
};

struct RawStream {
  std::vector<RawFrame> frames;
  std::string rest;  // too short for a header

  explicit RawStream(std::string_view bytes) {
    const auto take = [&](uint64_t size) {
      const std::string_view taken = bytes.substr(0, size);
      bytes.remove_prefix(taken.size());
      return std::string(taken);
    };
    while (bytes.size() >= frame_header_size) {
      RawFrame& frame = frames.emplace_back();
      frame.header = take(frame_header_size);
      frame.details = take(frame.value(details));
      if (!(frame.value(flags) & text_is_shared)) frame.text = take(frame.value(text));
    }
    rest = bytes;
  }

  std::string bytes() const {
    std::string bytes;
    for (const RawFrame& frame : frames) bytes += frame.header + frame.details + frame.text;
    return bytes + rest;
  }
};

class StreamMutator {
 public:
  explicit StreamMutator(unsigned seed) : random_(seed) {}

  std::string mutated(std::string_view bytes, size_t max_size) {
    RawStream stream(bytes);
    if (stream.frames.empty() || below(6) == 0) {
      stream = RawStream(mutated_bytes(std::string(bytes), max_size));
    } else {
      change(stream);
    }
    if (below(16) != 0) {
      for (RawFrame& frame : stream.frames) frame.seal();
    }
    return stream.bytes();
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }

  void change(RawStream& stream) {
    std::vector<RawFrame>& frames = stream.frames;
    const size_t chosen = below(frames.size());
    RawFrame& frame = frames[chosen];
    const auto other = frames.begin() + static_cast<ptrdiff_t>(below(frames.size()));
    switch (below(7)) {
      case 0:
        frame.details = mutated_bytes(frame.details, frame.details.size() + 100);
        return frame.fit();
      case 1:
        frame.text = mutated_bytes(frame.text, frame.text.size() + 100);
        return frame.fit();
      case 2:
        frames.insert(other, RawFrame(frame));
        return;
      case 3:
        frames.erase(other);
        return;
      case 4:
        return std::swap(*other, frame);
      case 5:  // the next range
        frames.insert(frames.begin() + static_cast<ptrdiff_t>(chosen), RawFrame(frame));
        frames[chosen + 1].set(begin, frame_end(frames[chosen]));
        return frames[chosen + 1].set(end, frame_end(frames[chosen]) + 1 + below(100));
      default:
        constexpr Field fields[] = {version,   flags, input,   where, begin,           end,
                                    first_row, rows,  details, text,  payload_checksum};
        return frame.set(fields[below(std::size(fields))], number(stream));
    }
  }

  static uint64_t frame_end(const RawFrame& frame) { return frame.value(end); }

  /// A number near a limit, or near a number that the stream itself has.
  uint64_t number(const RawStream& stream) {
    constexpr uint64_t numbers[] = {0, 1, 2, 3, 5, 64, 80, part_limit, UINT64_MAX};
    const RawFrame& frame = stream.frames[below(stream.frames.size())];
    const uint64_t theirs[] = {frame.value(begin), frame.value(end), frame.value(rows),
                               frame.details.size(), frame.text.size()};
    const uint64_t number =
        below(2) ? numbers[below(std::size(numbers))] : theirs[below(std::size(theirs))];
    return number + below(3) - 1;
  }

  static std::string mutated_bytes(std::string bytes, size_t max_size) {
    const size_t size = bytes.size();
    bytes.resize(std::max(max_size, size));
    if (bytes.empty()) return bytes;
    auto* const data = reinterpret_cast<uint8_t*>(bytes.data());
    bytes.resize(LLVMFuzzerMutate(data, size, bytes.size()));
    return bytes;
  }

  std::minstd_rand random_;
};

}  // namespace

}  // namespace rowsum

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string mutated = rowsum::StreamMutator(seed).mutated(bytes, max_size);
  const size_t taken = std::min(mutated.size(), max_size);
  if (taken > 0) std::memcpy(data, mutated.data(), taken);
  return taken;
}
