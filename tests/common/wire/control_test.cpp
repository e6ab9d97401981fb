// SPDX-License-Identifier: MIT
#include "common/wire/control.h"

#include <doctest/doctest.h>
#include <limits.h>

#include <stdexcept>

#include "tests/support/hex.h"

using namespace rowsum;

namespace {

using Message = ControlMessage<NewsOfWriter>;

const std::vector<Message> examples = {
    {NewsOfWriter::received, 3, 0x1122334455667788},
    {NewsOfWriter::failed, 0xffffffff, 65},
    {NewsOfWriter::printed, 0, UINT64_MAX},
    {NewsOfWriter::ready, 0, 0},
    {NewsOfWriter::heard, 63, 0},
};

std::string bytes_of(const std::vector<Message>& messages) {
  std::string bytes;
  for (const Message& message : messages) encode(message, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("control: the bytes of a message") {
  CHECK(to_hex(bytes_of({examples[0]})) == "04 00 00 00 03 00 00 00 88 77 66 55 44 33 22 11");
  CHECK(to_hex(bytes_of({examples[1]})) == "05 00 00 00 ff ff ff ff 41 00 00 00 00 00 00 00");
  CHECK(to_hex(bytes_of({examples[2]})) == "08 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff");
  std::string bytes;
  encode(ControlMessage<NewsOfReader>{NewsOfReader::gone, 2, 69}, bytes);
  CHECK(to_hex(bytes) == "03 00 00 00 02 00 00 00 45 00 00 00 00 00 00 00");
}

TEST_CASE("control: messages come out as they went in, in whatever pieces") {
  const std::string bytes = bytes_of(examples);
  CHECK(bytes.size() == examples.size() * control_message_size);
  for (size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    ControlParser<NewsOfWriter> parser;
    std::vector<Message> messages;
    for (size_t at = 0; at < bytes.size(); at += step) {
      for (const auto& message : parser.feed(std::string_view(bytes).substr(at, step))) {
        messages.push_back(message);
      }
    }
    CHECK(messages == examples);
  }
}

TEST_CASE("control: the end of the bytes brings no message") {
  ControlParser<NewsOfWriter> parser;
  CHECK(parser.feed({}).empty());
}

template <typename News>
void check_unknown(const char* type) {
  ControlParser<News> parser;
  const std::string bytes = from_hex(type) + std::string(12, '\0');
  CHECK_THROWS_WITH_AS(parser.feed(bytes), "a control message of unknown type",
                       std::invalid_argument);
}

TEST_CASE("control: a message of unknown type") {
  for (const char* type : {"0e 00 00 00", "00 01 00 00", "ff ff ff ff"}) {
    check_unknown<NewsOfWriter>(type);
  }
  check_unknown<NewsOfReader>("07 00 00 00");
}

TEST_CASE("control: a write that is never torn holds many messages") {
  CHECK(control_message_size * 100 <= PIPE_BUF);
}
