// Where the fields and rows of a CSV file end: the rules of CPython's csv.reader in its default
// dialect, a byte at a time (Modules/_csv.c, parse_process_char). This is the plain form of the
// rules. Code that meets a quote can use it, and the fast paths are tested against it.
//
// - A quote opens a quoted field only as the first byte of the field. Elsewhere it is an ordinary
//   byte.
// - In a quoted field two quotes stand for one, and delimiters and row ends are content. Bytes
//   after the closing quote belong to the field, up to the delimiter or row end.
// - LF, CR and CRLF end a row. A CR does so at once. An LF right after it belongs to the same row
//   end. Only the caller sees the next byte, so the caller must not pass that LF to step().
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

  /// The next byte is the first of a row.
  bool is_at_row_start() const { return state_ == State::row_start; }
  /// A quoted field is open: row ends are content. An input that ends now lacks a closing quote.
  bool is_quoted() const { return state_ == State::quoted; }

  /// The next byte is the first of a field.
  bool is_at_field_start() const {
    return state_ == State::row_start || state_ == State::field_start;
  }
  /// The last byte was a quote in a quoted field. Only the next byte shows whether it closed the
  /// field.
  bool is_after_quote() const { return state_ == State::quote_in_quoted; }

  // For callers that have scanned some bytes by other means:

  /// These bytes ended inside a quoted field.
  void jump_into_quotes() { state_ = State::quoted; }
  /// These bytes ended with `last`, and no quoted field is open.
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
