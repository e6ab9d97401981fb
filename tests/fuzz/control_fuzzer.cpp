// SPDX-License-Identifier: MIT
// The control, and the pipe for outlines: the messages do not depend on how their bytes arrive, and
// encode to the same bytes.
#include <algorithm>
#include <stdexcept>

#include "common/wire/control.h"
#include "common/wire/little_endian.h"
#include "common/wire/scanned_chunk.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

/// The bytes of all messages up to one that is refused, and whether there was one.
struct Seen {
  std::string messages;
  bool is_refused = false;
  bool operator==(const Seen&) const = default;
};

std::string describe(const Seen& seen) {
  return printable(seen.messages, 200) + (seen.is_refused ? ", then none" : "");
}

void append(const ControlMessage<NewsOfWriter>& message, std::string& bytes) {
  encode(message, bytes);
}

void append(const ScannedChunk& chunk, std::string& bytes) {
  bytes += encode(chunk);
}

template <typename Parser>
Seen seen_in(std::string_view bytes, Pieces pieces) {
  Seen seen;
  Parser parser;
  try {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, pieces.next());
      bytes.remove_prefix(piece.size());
      for (const auto& message : parser.feed(piece)) append(message, seen.messages);
    }
  } catch (const std::invalid_argument&) {
    seen.is_refused = true;
  }
  return seen;
}

/// `size`: of a message. `is_good`: whether it is not refused.
template <typename IsGood>
Seen plainly_seen_in(std::string_view bytes, size_t size, IsGood is_good) {
  size_t good = 0;
  while (bytes.size() - good >= size && is_good(bytes.substr(good, size))) good += size;
  return {std::string(bytes.substr(0, good)), bytes.size() - good >= size};
}

bool has_known_type(std::string_view message) {
  return message[0] >= 0 && message[0] <= 13 &&
         message.substr(1, 3) == std::string_view("\0\0\0", 3);
}

bool is_outline(std::string_view message) {
  const auto number = [&](size_t offset) {
    const char* at = message.data() + offset;
    return get<uint64_t>(at);
  };
  const uint64_t size = number(16);
  for (size_t at = 24; at < 24 + 32 * reading_states; at += 32) {
    const uint64_t content_end = number(at + 24);
    if (number(at) >= reading_states || number(at + 8) > size || number(at + 16) > size) {
      return false;
    }
    if (content_end >= size && content_end != UINT64_MAX) return false;
  }
  return true;
}

template <typename Parser>
void check(std::string_view bytes, const Seen& expected) {
  // Messages that come in one piece with a bad one are lost with it.
  require_same(seen_in<Parser>(bytes, Pieces(1)), expected, "byte by byte");
  const Seen whole = seen_in<Parser>(bytes, Pieces(SIZE_MAX));
  require(whole.is_refused == expected.is_refused, "whole: refused");
  if (!whole.is_refused) require_same(whole, expected, "whole");
  const Seen by_chance = seen_in<Parser>(bytes, Pieces(50, 1));
  require(by_chance.is_refused == expected.is_refused, "in pieces: refused");
  require(expected.messages.starts_with(by_chance.messages), "in pieces");
}

/// The bytes as outlines. What is reserved in each is set to 0, as a writer does.
std::string as_outlines(std::string_view bytes) {
  std::string outlines(bytes);
  for (size_t at = 0; outlines.size() - at >= scanned_chunk_size; at += scanned_chunk_size) {
    std::fill_n(outlines.begin() + static_cast<ptrdiff_t>(at + 4), 4, '\0');
  }
  return outlines;
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  const std::string_view bytes = Choices(data, size).rest();
  check<ControlParser<NewsOfWriter>>(bytes,
                                     plainly_seen_in(bytes, control_message_size, has_known_type));
  const std::string outlines = as_outlines(bytes);
  check<ScannedChunkParser>(outlines, plainly_seen_in(outlines, scanned_chunk_size, is_outline));
  return 0;
}
