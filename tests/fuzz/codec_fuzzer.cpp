// SPDX-License-Identifier: MIT
// The codec, in both directions: details that it accepts are the details that it writes for their
// value, and decoding the details of a value gives this value.
#include <algorithm>
#include <optional>
#include <stdexcept>

#include "common/wire/codec.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

std::string text_of(Choices& choices) {
  const size_t size = choices.byte();
  return std::string(choices.bytes(size));
}

Hello hello_of(Choices& choices) {
  Hello hello;
  hello.content = choices.below(2) ? Content::results : Content::batches;
  hello.header = static_cast<HeaderRow>(choices.below(3));
  hello.lines = static_cast<LineKind>(choices.below(3));
  hello.fields.complement = choices.below(2);
  hello.fields.empty_is_zero = choices.below(2);
  hello.dialect.delimiter = static_cast<char>(choices.byte());
  if (!hello.dialect.is_possible()) hello.dialect.delimiter = ',';
  hello.identity = {choices.number(), {choices.number(), choices.number()}};
  hello.largest_text = choices.number();
  hello.shared = {static_cast<int32_t>(choices.number()), choices.number()};
  hello.place = static_cast<uint32_t>(choices.number());
  hello.life = static_cast<uint32_t>(choices.number());
  hello.fields.list = text_of(choices);
  hello.command = text_of(choices);
  while (!choices.are_over()) hello.inputs.push_back(text_of(choices));
  return hello;
}

std::vector<Reject> rejects_of(Choices& choices) {
  std::vector<Reject> rejects;
  while (!choices.are_over()) {
    Reject& reject = rejects.emplace_back();
    reject.row = choices.number();
    reject.field = choices.number();
    reject.offset = choices.number();
    reject.lines_before = choices.number();
    reject.reason = text_of(choices);
    reject.bytes = text_of(choices);
  }
  return rejects;
}

template <typename Decode>
auto decoded(Decode decode, std::string_view details) -> std::optional<decltype(decode(details))> {
  try {
    return decode(details);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

template <typename Value, typename Decode>
void check_value(const Value& value, Decode decode) {
  const auto back = decoded(decode, encode(value));
  require(back && *back == value, "a value comes back from its details");
}

/// The status of a run with rejects does not end a stream.
void check_status(ExitStatus status) {
  if (status != ExitStatus::some_rejected) return check_value(status, decode_status);
  require(!decoded(decode_status, encode(status)), "the status of a run with rejects is refused");
}

void check_details(std::string_view details, unsigned kind) {
  if (kind == 0) {
    const auto hello = decoded(decode_hello, details);
    if (!hello) return;
    require(hello->content == Content::batches || hello->content == Content::results,
            "a hello has a content");
    require(hello->dialect.is_possible(), "a hello has a delimiter");
    require(hello->header <= HeaderRow::repeat && hello->lines <= LineKind::any,
            "a hello has known rows and lines");
    std::string expected(details);
    // The two flags about fields: any number but 0 means yes.
    for (const size_t flag : {4, 5}) expected[flag] = expected[flag] ? 1 : 0;
    require(encode(*hello) == expected, "a hello has one form");
  } else if (kind == 1) {
    const auto rejects = decoded(decode_rejects, details);
    if (rejects && !rejects->empty()) require(encode(*rejects) == details, "rejects have one form");
  } else {
    const auto status = decoded(decode_status, details);
    if (!status) return;
    require(encode(*status) == details, "a status has one form");
    const int number = static_cast<int>(*status);
    require(number >= 0 && number <= 255 && number != 1, "a status is what exit(3) passes on");
  }
}

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Choices choices(data, size);
  // '0' to '2': details of a hello, of rejects or of a status; '3' to '5': values.
  const size_t kind = choices.below(6);
  if (kind < 3) check_details(choices.rest(), static_cast<unsigned>(kind));
  if (kind == 3) check_value(hello_of(choices), decode_hello);
  if (kind == 4) check_value(rejects_of(choices), decode_rejects);
  if (kind == 5) check_status(static_cast<ExitStatus>(choices.byte()));
  return 0;
}
