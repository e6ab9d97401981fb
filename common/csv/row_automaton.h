// SPDX-License-Identifier: MIT
// Where the fields and rows of a CSV file end: CPython's csv.reader, default dialect, a byte at a
// time (Modules/_csv.c, parse_process_char). This is the plain form of the rules, against which the
// fast forms are tested.
//
// - A quote opens a quoted field only as the first byte of the field. Elsewhere it is an ordinary
//   byte.
// - In a quoted field two quotes stand for one, and delimiters and row ends are content. Bytes
//   after the closing quote belong to the field, up to the delimiter or row end.
// - LF, CR and CR LF end a row. The content of the row ends with the first byte of these; an LF
//   right after a CR belongs to the same row end.
#pragma once

#include <cstdint>

#include "common/csv/dialect.h"

namespace rowsum {

/// Where a reading of CSV stands between two bytes. It remembers nothing else of those before.
enum class ReadingState : uint8_t {
  row_start,              // no byte of the row has been read
  field_start,            // no byte of the field has been read
  plain,                  // in a field, and not in quotes
  quoted,                 // in quotes
  quote_in_quoted,        // after a quote in quotes: the next byte tells whether it closed them
  after_carriage_return,  // as row_start, but for an LF, which would belong to the last row end
};

class RowAutomaton {
 public:
  enum class Meaning { syntax, content, field_end, row_end };

  explicit RowAutomaton(Dialect dialect, ReadingState state = ReadingState::row_start)
      : dialect_(dialect), state_(state) {}

  ReadingState state() const { return state_; }

  Meaning step(char byte) {
    using State = ReadingState;
    if (state_ == State::quoted) {
      if (byte != quote) return Meaning::content;
      state_ = State::quote_in_quoted;
      return Meaning::syntax;
    }
    if (byte == '\n' && state_ == State::after_carriage_return) {
      state_ = State::row_start;
      return Meaning::syntax;
    }
    if (byte == '\n' || byte == '\r') {
      state_ = byte == '\n' ? State::row_start : State::after_carriage_return;
      return Meaning::row_end;
    }
    if (byte == dialect_.delimiter) {
      state_ = State::field_start;
      return Meaning::field_end;
    }
    if (byte == quote && state_ != State::plain) {
      const bool is_doubled = state_ == State::quote_in_quoted;
      state_ = State::quoted;
      return is_doubled ? Meaning::content : Meaning::syntax;
    }
    state_ = State::plain;
    return Meaning::content;
  }

  /// No byte of a row has been read.
  bool is_at_row_start() const {
    return state_ == ReadingState::row_start || state_ == ReadingState::after_carriage_return;
  }
  /// A quoted field is open: row ends are content. An input that ends now lacks a closing quote.
  bool is_quoted() const { return state_ == ReadingState::quoted; }

 private:
  Dialect dialect_;
  ReadingState state_;
};

}  // namespace rowsum
