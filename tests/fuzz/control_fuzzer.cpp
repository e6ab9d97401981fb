// The control channel: the messages do not depend on how their bytes arrive, and encode to the same
// bytes.
#include <algorithm>
#include <stdexcept>

#include "common/wire/control.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

/// The bytes of all messages up to one of unknown type, and whether there was one.
struct Seen {
  std::string messages;
  bool is_refused = false;
  bool operator==(const Seen&) const = default;
};

std::string describe(const Seen& seen) {
  return printable(seen.messages, 200) + (seen.is_refused ? ", then none" : "");
}

Seen seen_in(std::string_view bytes, Pieces pieces) {
  Seen seen;
  ControlParser<NewsOfWriter> parser;
  try {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, pieces.next());
      bytes.remove_prefix(piece.size());
      for (const auto& message : parser.feed(piece)) encode(message, seen.messages);
    }
  } catch (const std::invalid_argument&) {
    seen.is_refused = true;
  }
  return seen;
}

Seen plainly_seen_in(std::string_view bytes) {
  size_t good = 0;
  const auto has_known_type = [&] {
    const std::string_view type = bytes.substr(good, 4);
    return type[0] >= 0 && type[0] <= 10 && type.substr(1) == std::string_view("\0\0\0", 3);
  };
  while (bytes.size() - good >= control_message_size && has_known_type()) {
    good += control_message_size;
  }
  return {std::string(bytes.substr(0, good)), bytes.size() - good >= control_message_size};
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  const std::string_view bytes = Choices(data, size).rest();
  const Seen expected = plainly_seen_in(bytes);
  // Messages that come in one piece with a bad one are lost with it.
  require_same(seen_in(bytes, Pieces(1)), expected, "byte by byte");
  const Seen whole = seen_in(bytes, Pieces(SIZE_MAX));
  require(whole.is_refused == expected.is_refused, "whole: refused");
  if (!whole.is_refused) require_same(whole, expected, "whole");
  const Seen by_chance = seen_in(bytes, Pieces(50, 1));
  require(by_chance.is_refused == expected.is_refused, "in pieces: refused");
  require(expected.messages.starts_with(by_chance.messages), "in pieces");
  return 0;
}
