// SPDX-License-Identifier: MIT
#include "common/worker/row_answerer.h"

#include <charconv>
#include <new>
#include <utility>
#include <vector>

#include "common/base/failure.h"
#include "common/csv/field_parser.h"
#include "common/worker/line_printer.h"
#include "common/worker/reasons.h"

namespace rowsum {

namespace {

/// Reads the fields of a row as integers.
class IntegerReader {
 public:
  using WriteLine = WriteLineOfIntegers;

  explicit IntegerReader(const Hello& hello)
      : delimiter_(hello.dialect.delimiter),
        has_plain_fields_(!is_digit(delimiter_) && delimiter_ != '-'),
        empty_is_zero_(hello.fields.empty_is_zero),
        parser_(hello.dialect) {}

  void begin_batch(std::string_view /*text*/) {}
  void begin_row() {
    fields_.clear();
    bad_field_ = 0;
  }

  /// Adds the field that begins at `field`. Returns where the delimiter or row end after it stands,
  /// or `end`.
  const char* add(const char* field, const char* end) {
    const char* const plain_end = has_plain_fields_ ? add_plain(field, end) : nullptr;
    return plain_end ? plain_end : add_any(field, end);
  }

  Integers fields() const { return fields_; }
  /// The first field that is no integer of 64 bits, counted from 1, and why; 0 if there is none.
  size_t bad_field() const { return bad_field_; }
  const std::string& bad_reason() const { return bad_reason_; }

 private:
  /// Does the same for a field of few digits, with or without a minus. Does nothing for others, and
  /// returns nullptr.
  const char* add_plain(const char* field, const char* end) {
    constexpr ptrdiff_t few_digits = 18;  // any integer of so many digits fits an int64_t
    const char* at = field;
    const bool is_negative = at != end && *at == '-';
    if (is_negative) ++at;
    const char* const digits = at;
    int64_t value = 0;
    while (at != end && is_digit(*at) && at - digits < few_digits) {
      value = 10 * value + (*at++ - '0');
    }
    if (at == digits) return nullptr;
    if (at != end && *at != delimiter_ && !is_row_end(*at)) return nullptr;
    fields_.push_back(is_negative ? -value : value);
    return at;
  }

  const char* add_any(const char* field, const char* end) {
    const char* const field_end = parser_.parse(field, end);
    if (parser_.is_integer()) {
      add_digits(parser_.is_negative(), parser_.digits());
    } else if (parser_.is_empty() && empty_is_zero_) {
      fields_.push_back(0);
    } else {
      add_bad(not_an_integer(parser_.value()));
    }
    return field_end;
  }

  void add_digits(bool is_negative, std::string_view digits) {
    uint64_t size = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    const bool fits = read.ec == std::errc() && size <= uint64_t{INT64_MAX} + is_negative;
    if (!fits) return add_bad(too_large(parser_.value()));
    fields_.push_back(static_cast<int64_t>(is_negative ? -size : size));
  }

  void add_bad(std::string reason) {
    fields_.push_back(0);  // so that the fields after it are counted rightly
    if (bad_field_ != 0) return;
    bad_field_ = fields_.size();
    bad_reason_ = std::move(reason);
  }

  char delimiter_;
  bool has_plain_fields_;  // a byte of an integer is no delimiter
  bool empty_is_zero_;
  FieldParser parser_;
  std::vector<int64_t> fields_;
  size_t bad_field_ = 0;
  std::string bad_reason_;
};

/// Reads the fields of a row as text. All fields are good.
class TextReader {
 public:
  using WriteLine = WriteLineOfFields;

  explicit TextReader(const Hello& hello)
      : delimiter_(hello.dialect.delimiter), parser_(hello.dialect) {}

  /// The fields of a batch have no more bytes than the batch, so `unquoted_` stays where it is.
  void begin_batch(std::string_view text) {
    unquoted_.clear();
    unquoted_.reserve(text.size());
  }
  void begin_row() { fields_.clear(); }

  const char* add(const char* field, const char* end) {
    const char* at = field;
    if (at != end && *at == quote) {
      at = parser_.parse(field, end);
      const size_t begin = unquoted_.size();
      unquoted_ += parser_.value();
      fields_.push_back(std::string_view(unquoted_).substr(begin));
    } else {
      while (at != end && *at != delimiter_ && !is_row_end(*at)) ++at;
      fields_.push_back({field, static_cast<size_t>(at - field)});
    }
    return at;
  }

  Fields fields() const { return fields_; }
  size_t bad_field() const { return 0; }
  std::string bad_reason() const { return ""; }

 private:
  char delimiter_;
  FieldParser parser_;
  std::string unquoted_;  // the fields of the batch that have quotes, without these
  std::vector<std::string_view> fields_;
};

template <typename Reader>
class RowAnswerer : public Answerer {
 public:
  RowAnswerer(typename Reader::WriteLine write_line, const Hello& hello)
      : write_line_(std::move(write_line)),
        inputs_(hello.inputs),
        dialect_(hello.dialect),
        reader_(hello) {}

  uint64_t answer(const Batch& batch, std::string_view text) override {
    batch_ = batch;
    text_ = text;
    rows_ = 0;
    rejects_.clear();
    printer_.begin(batch.first_row == unknown_row ? 0 : batch.first_row);
    reader_.begin_batch(text);
    const char* const end = text.data() + text.size();
    for (const char* row = text.data(); row != end; ++rows_) {
      const char* const next = skip_row_end(read_row(row, end), end);
      answer_row({row, static_cast<size_t>(next - row)});
      row = next;
    }
    return rows_;
  }

  std::string_view lines() const override { return printer_.lines(); }
  const std::vector<Reject>& rejects() const override { return rejects_; }

 private:
  /// Returns where the row end stands, or `end`.
  const char* read_row(const char* row, const char* end) {
    reader_.begin_row();
    if (is_row_end(*row)) return row;
    const char* at = reader_.add(row, end);
    while (at != end && !is_row_end(*at)) at = reader_.add(at + 1, end);
    return at;
  }

  /// `row`: with its row end.
  void answer_row(std::string_view row) {
    if (reader_.bad_field() != 0) return reject(row, reader_.bad_field(), reader_.bad_reason());
    line_.clear();
    try {
      write_line_(reader_.fields(), line_);
    } catch (const Rejected& rejected) {
      if (rejected.field() <= reader_.fields().size()) {
        return reject(row, rejected.field(), in_own_words(rejected.what()));
      }
      throw bug("is rejected because of field " + std::to_string(rejected.field()) +
                ", which it does not have");
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      throw bug(std::string("an exception: ") + error.what());
    } catch (...) {
      throw bug("an exception that is no std::exception");
    }
    if (line_.find('\n') != line_.npos) throw bug("a line feed in its line");
    constexpr size_t around_line = 22;  // an index of 20 digits, a comma, LF
    if (printer_.lines().size() + line_.size() + around_line > largest_answer) {
      throw bug("with it the lines of a batch have more than " +
                std::to_string(largest_answer >> 20) + " MiB");
    }
    printer_.print(line_);
  }

  void reject(std::string_view row, size_t field, std::string reason) {
    FieldParser parser(dialect_);
    const char* at = row.data();
    for (size_t i = 1; i < field; ++i) at = parser.parse(at, text_.data() + text_.size()) + 1;
    const auto offset = batch_.text_begin() + static_cast<uint64_t>(at - text_.data());
    rejects_.push_back(
        {rows_, field, offset, printer_.lines().size(), std::move(reason), std::string(row)});
    printer_.skip();
  }

  /// The function does with the current row what it must not do.
  Failure bug(const std::string& what) const {
    const bool is_known = batch_.first_row != unknown_row;
    std::string place = inputs_[batch_.input] + ": row ";
    place += is_known ? std::to_string(batch_.first_row + rows_)
                      : std::to_string(rows_) + " of " + describe(batch_.range);
    return Failure(ExitStatus::internal, place + ": " + what);
  }

  typename Reader::WriteLine write_line_;
  std::vector<std::string> inputs_;
  Dialect dialect_;
  Reader reader_;
  Batch batch_;
  std::string_view text_;
  uint64_t rows_ = 0;  // of the batch, before the current one
  std::string line_;
  LinePrinter printer_;
  std::vector<Reject> rejects_;
};

template <typename Reader>
std::unique_ptr<Answerer> make(typename Reader::WriteLine write_line, Hello& results) {
  results.lines = LineKind::text;
  results.command = program_name();
  return std::make_unique<RowAnswerer<Reader>>(std::move(write_line), results);
}

}  // namespace

std::unique_ptr<Answerer> make_row_answerer(WriteLineOfIntegers write_line, Hello& results) {
  return make<IntegerReader>(std::move(write_line), results);
}

std::unique_ptr<Answerer> make_row_answerer(WriteLineOfFields write_line, Hello& results) {
  return make<TextReader>(std::move(write_line), results);
}

}  // namespace rowsum
