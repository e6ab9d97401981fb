// Where the fields and rows of a CSV file end: CPython's csv.reader, default dialect, a byte at a
// time (Modules/_csv.c, parse_process_char). The plain form of the rules, for whoever meets a
// quote; it is what the fast paths are tested against.
//
// - A quote opens a quoted field only as the field's first byte; elsewhere it is a byte like
// others.
// - In a quoted field two quotes are one, and delimiters and row ends are content. What follows the
//   closing quote belongs to the field, up to the delimiter or row end.
// - LF, CR and CRLF end a row. A CR does so at once; an LF right after it belongs to the same row
//   end, and it is for the caller, who alone sees the next byte, not to step over it.
#pragma once

#include "common/csv/dialect.h"

namespace rowsum {

class RowAutomaton {
 public:
  enum class Meaning { syntax, content, field_end, row_end };

  explicit RowAutomaton(Dialect dialect) : dialect_(dialect) {}

  Meaning step(char byte) {
    if (state_ == State::quoted) {
      if (byte != quote) return Meaning::content;
      state_ = State::quote_in_quoted;
      return Meaning::syntax;
    }
    if (byte == '\n' || byte == '\r') {
      state_ = State::row_start;
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

  /// At the start of a row: no byte of it has been seen.
  bool is_at_row_start() const { return state_ == State::row_start; }
  /// Row ends are content here: an input that ends now lacks a closing quote.
  bool is_quoted() const { return state_ == State::quoted; }

  /// The next byte is the first of a field.
  bool is_at_field_start() const {
    return state_ == State::row_start || state_ == State::field_start;
  }
  /// The last byte was a quote in a quoted field; only the next one tells whether it closed it.
  bool is_after_quote() const { return state_ == State::quote_in_quoted; }

  // For who has looked at some bytes by other means:

  /// They ended inside a quoted field.
  void jump_into_quotes() { state_ = State::quoted; }
  /// They ended with `last`, in no quoted field.
  void jump_past(char last) {
    state_ = last == '\n' || last == '\r' ? State::row_start
             : last == dialect_.delimiter ? State::field_start
                                          : State::plain;
  }

 private:
  enum class State { row_start, field_start, plain, quoted, quote_in_quoted };

  Dialect dialect_;
  State state_ = State::row_start;
};

}  // namespace rowsum
