// SPDX-License-Identifier: MIT
#include "common/csv/outline.h"

#include <string.h>

#include <algorithm>
#include <optional>

#include "common/csv/scan.h"

namespace rowsum {

namespace {

using State = ReadingState;

constexpr std::array<State, reading_states> all_states = {
    State::row_start, State::field_start,     State::plain,
    State::quoted,    State::quote_in_quoted, State::after_carriage_return};

/// What the next byte means depends on the one before it.
bool is_between_two(State state) {
  return state == State::quote_in_quoted || state == State::after_carriage_return;
}

/// Both, one after the other.
Passage compose(const Passage& first, uint64_t first_size, const Passage& second) {
  Passage both = first;
  both.exit = second.exit;
  both.rows += second.rows;
  if (second.rows > 0) both.row_end = first_size + second.row_end;
  if (first.content_end == Passage::none && second.content_end != Passage::none) {
    both.content_end = first_size + second.content_end;
  }
  return both;
}

Passage read_byte(char byte, State entry, Dialect dialect) {
  RowAutomaton automaton(dialect, entry);
  const bool ends_content = automaton.step(byte) == RowAutomaton::Meaning::row_end;
  Passage passage;
  passage.exit = automaton.state();
  if (entry == State::after_carriage_return) {
    ++passage.rows;
    passage.row_end = byte == '\n';
  }
  if (!ends_content) return passage;
  passage.content_end = 0;
  if (byte == '\n') {
    ++passage.rows;
    passage.row_end = 1;
  }
  return passage;
}

/// Outside quotes, if the byte is no quote, or one whose meaning is settled.
State state_after(char byte, Dialect dialect) {
  if (byte == '\n') return State::row_start;
  if (byte == '\r') return State::after_carriage_return;
  return byte == dialect.delimiter ? State::field_start : State::plain;
}

/// The first LF or CR, or npos. memchr(3) uses vectors, which find_first_of() does not.
size_t first_row_end(std::string_view bytes, bool has_carriage_returns) {
  const size_t line_feed = bytes.find('\n');
  if (!has_carriage_returns) return line_feed;
  return std::min(line_feed, bytes.substr(0, line_feed).find('\r'));
}

/// The last LF or CR, or npos.
size_t last_row_end(std::string_view bytes, bool has_carriage_returns) {
  const auto last = [](std::string_view in, char byte) {
    const void* const found = ::memrchr(in.data(), byte, in.size());
    return found ? static_cast<size_t>(static_cast<const char*>(found) - in.data()) : in.npos;
  };
  const size_t line_feed = last(bytes, '\n');
  if (!has_carriage_returns) return line_feed;
  const size_t after = line_feed + 1;  // 0 if there is no LF
  const size_t carriage_return = last(bytes.substr(after), '\r');
  return carriage_return == bytes.npos ? line_feed : after + carriage_return;
}

/// Bytes without quotes, outside quotes.
Passage read_unquoted(std::string_view bytes, const PlainScan& scan, Dialect dialect) {
  Passage passage;
  const char last = bytes.back();
  passage.exit = state_after(last, dialect);
  if (!scan.has_carriage_returns && scan.line_feeds == 0) return passage;
  passage.content_end = first_row_end(bytes, scan.has_carriage_returns);
  if (last == '\r') bytes.remove_suffix(1);  // where this row ends is not certain yet
  passage.rows = scan.has_carriage_returns ? count_row_ends(bytes) : scan.line_feeds;
  if (passage.rows > 0) passage.row_end = last_row_end(bytes, scan.has_carriage_returns) + 1;
  return passage;
}

/// Any bytes but the last of all, which settles what the last one of these means.
Passage read_quoted(const char* text, size_t& size, State entry, Dialect dialect) {
  const bool is_field_start = entry == State::row_start || entry == State::field_start;
  const QuotedScan scan =
      scan_quoted(text, size, entry == State::quoted, is_field_start, dialect.delimiter);
  size = scan.consumed;
  Passage passage;
  if (scan.rows > 0) {
    passage.rows = scan.rows;
    passage.row_end = scan.row_end;
    passage.content_end = scan.content_end;
  }
  const char last = text[size - 1];
  passage.exit = scan.is_quoted ? State::quoted : state_after(last, dialect);
  if (passage.exit != State::after_carriage_return) return passage;
  // The scan has counted this row end, unless an LF follows.
  if (text[size] == '\n') {
    passage.content_end = std::min<uint64_t>(passage.content_end, size - 1);
  } else {
    passage.exit = State::row_start;
  }
  return passage;
}

/// The bytes on both sides of a seam are read singly, for what they mean is settled across it;
/// those between them are looked at with vectors.
Passage read_exactly(std::string_view bytes, State entry, Dialect dialect) {
  Passage passage;
  passage.exit = entry;
  size_t at = 0;
  const auto read_next_byte = [&] {
    passage = compose(passage, at, read_byte(bytes[at], passage.exit, dialect));
    ++at;
  };
  while (at < bytes.size() && is_between_two(passage.exit)) read_next_byte();
  if (at + 1 < bytes.size()) {
    size_t size = bytes.size() - at - 1;
    const Passage most = read_quoted(bytes.data() + at, size, passage.exit, dialect);
    passage = compose(passage, at, most);
    at += size;
  }
  while (at < bytes.size()) read_next_byte();
  return passage;
}

Passage read(std::string_view bytes, const PlainScan& scan, State entry, Dialect dialect) {
  if (entry == State::quoted && !scan.has_quotes) return {.exit = State::quoted};
  if (scan.has_quotes || is_between_two(entry)) return read_exactly(bytes, entry, dialect);
  return read_unquoted(bytes, scan, dialect);
}

}  // namespace

Passage read_through(std::string_view bytes, ReadingState entry, Dialect dialect) {
  if (bytes.empty()) return {.exit = entry};
  return read(bytes, scan_plain(bytes), entry, dialect);
}

Outline::Outline() {
  for (const State state : all_states) passages_[static_cast<size_t>(state)].exit = state;
}

/// The readings are looked at together until they agree, over pieces that double in size.
Outline Outline::of(std::string_view bytes, Dialect dialect) {
  Outline outline;
  PlainScan scan;
  for (size_t piece_size = 1; !bytes.empty(); piece_size *= 2) {
    const auto is_same = [&](const Passage& p) { return p.exit == outline.passages_[0].exit; };
    const bool agree = std::all_of(outline.passages_.begin(), outline.passages_.end(), is_same);
    const std::string_view piece = bytes.substr(0, agree ? bytes.npos : piece_size);
    bytes.remove_prefix(piece.size());
    // Where there were quotes there will be more.
    if (!scan.has_quotes) scan = scan_plain(piece);
    std::array<std::optional<Passage>, reading_states> next;  // by entry, as far as it is needed
    for (Passage& passage : outline.passages_) {
      std::optional<Passage>& known = next[static_cast<size_t>(passage.exit)];
      if (!known) known = read(piece, scan, passage.exit, dialect);
      passage = compose(passage, outline.size_, *known);
    }
    outline.size_ += piece.size();
  }
  return outline;
}

Outline Outline::then(const Outline& next) const {
  Outline both;
  both.size_ = size_ + next.size_;
  for (size_t i = 0; i < reading_states; ++i) {
    both.passages_[i] = compose(passages_[i], size_, next.from(passages_[i].exit));
  }
  return both;
}

}  // namespace rowsum
