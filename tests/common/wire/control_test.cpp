#include "common/wire/control.h"

#include <doctest/doctest.h>
#include <limits.h>

#include <stdexcept>

#include "tests/support/hex.h"

using namespace rowsum;

namespace {

const std::vector<ControlMessage> examples = {
    {ControlMessage::Type::received, 3, 1, 0x1122334455667788},
    {ControlMessage::Type::failed, 0xffffffff, 0, 65},
    {ControlMessage::Type::printed, 0, 0, UINT64_MAX},
    {ControlMessage::Type::ended, 1, 2, 0},
    {ControlMessage::Type::over, 1, 2, 0},
    {ControlMessage::Type::quiet, 63, 0, 0},
    {ControlMessage::Type::row, 0, 0, 12},
    {ControlMessage::Type::begin, 0, 0, 4711},
    {ControlMessage::Type::alive, 2, 7, 0},
};

std::string bytes_of(const std::vector<ControlMessage>& messages) {
  std::string bytes;
  for (const ControlMessage& message : messages) encode(message, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("control: the bytes of a message") {
  CHECK(to_hex(bytes_of({examples[0]})) ==
        "00 00 00 00 03 00 00 00 01 00 00 00 88 77 66 55 44 33 22 11");
  CHECK(to_hex(bytes_of({examples[1]})) ==
        "01 00 00 00 ff ff ff ff 00 00 00 00 41 00 00 00 00 00 00 00");
  CHECK(to_hex(bytes_of({examples[2]})) ==
        "02 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff");
}

TEST_CASE("control: messages come out as they went in, in whatever pieces") {
  const std::string bytes = bytes_of(examples);
  CHECK(bytes.size() == examples.size() * control_message_size);
  for (size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    ControlParser parser;
    std::vector<ControlMessage> messages;
    for (size_t at = 0; at < bytes.size(); at += step) {
      for (const auto& message : parser.feed(std::string_view(bytes).substr(at, step))) {
        messages.push_back(message);
      }
    }
    CHECK(messages == examples);
  }
}

TEST_CASE("control: the end of the bytes brings no message") {
  ControlParser parser;
  CHECK(parser.feed({}).empty());
}

TEST_CASE("control: a message of unknown type") {
  for (const char* type : {"09 00 00 00", "00 01 00 00", "ff ff ff ff"}) {
    ControlParser parser;
    const std::string bytes = from_hex(type) + std::string(16, '\0');
    CHECK_THROWS_WITH_AS(parser.feed(bytes), "a control message of unknown type",
                         std::invalid_argument);
  }
}

TEST_CASE("control: a write that is never torn holds many messages") {
  CHECK(control_message_size * 100 <= PIPE_BUF);
}
