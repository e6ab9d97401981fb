// SPDX-License-Identifier: MIT
// Outlines, of the whole and folded from pieces, on every level of vector instructions, against the
// automaton alone. The first byte of an input is the delimiter, the second one says which pieces
// and, from 80 on, that the text after it is expanded (fuzz.h).
#include <vector>

#include "common/csv/outline.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/plain_passage.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Choices choices(data, size);
  const Dialect dialect{static_cast<char>(choices.byte())};
  if (!dialect.is_possible()) return -1;
  const unsigned choice = choices.byte();
  const std::string text = text_of(choices, choice >= 0x80);
  std::vector<Passage> expected;
  for (const ReadingState state : all_reading_states) {
    expected.push_back(plain_passage(text, state, dialect));
  }
  on_every_level([&] {
    const Outline whole = Outline::of(text, dialect);
    require(whole.size() == text.size(), "the outline is of all bytes");
    for (size_t i = 0; i < reading_states; ++i) {
      const ReadingState state = all_reading_states[i];
      require(whole.from(state) == expected[i], "the outline says what the automaton says");
      require(read_through(text, state, dialect) == expected[i], "so does a single reading");
    }
    Pieces pieces(1 + choice % 0x80, choice);
    std::vector<Outline> parts;
    for (size_t at = 0; at < text.size(); at += parts.back().size()) {
      parts.push_back(Outline::of(std::string_view(text).substr(at, pieces.next()), dialect));
    }
    Outline from_left, from_right;
    for (const Outline& part : parts) from_left = from_left.then(part);
    for (size_t i = parts.size(); i-- > 0;) from_right = parts[i].then(from_right);
    require(from_left == whole && from_right == whole, "pieces compose to the whole");
  });
  return 0;
}
