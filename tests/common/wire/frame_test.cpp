// SPDX-License-Identifier: MIT
#include "common/wire/frame.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "tests/support/hex.h"

using namespace rowsum;

namespace {

FrameHeader example() {
  FrameHeader header;
  header.type = FrameType::result;
  header.flags = has_checksum;
  header.range = {0x1122334455667788, 0x99aabbccddeeff00};
  header.input = 0x01020304;
  header.first_row = 5;
  header.rows = 6;
  header.details = 7;
  header.text = 8;
  header.checksum = 9;
  return header;
}

std::string bytes_of(const FrameHeader& header) {
  const auto bytes = encode(header);
  return {bytes.data(), bytes.size()};
}

std::string refusal_of(const std::string& bytes) {
  try {
    decode_header(bytes);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("frame header: every field has its place, least significant byte first") {
  CHECK(to_hex(bytes_of(example()).substr(0, 72)) ==
        "8f 52 45 53 02 00 02 00 04 03 02 01 00 00 00 00 "
        "88 77 66 55 44 33 22 11 00 ff ee dd cc bb aa 99 "
        "05 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00 "
        "07 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00 "
        "09 00 00 00 00 00 00 00");
}

TEST_CASE("frame header: each type has its mark") {
  FrameHeader header;
  const auto mark_of = [&](FrameType type) {
    header.type = type;
    return bytes_of(header).substr(0, 4);
  };
  CHECK(mark_of(FrameType::hello) == "\x8fHEL");
  CHECK(mark_of(FrameType::batch) == std::string("\x8f") + "BAT");
  CHECK(mark_of(FrameType::result) == "\x8fRES");
  CHECK(mark_of(FrameType::end) == std::string("\x8f") + "END");
  CHECK(mark_of(FrameType::chunk) == std::string("\x8f") + "CHU");
  CHECK(mark_of(FrameType::input) == "\x8fINP");
  CHECK(mark_of(FrameType::header) == "\x8fHDR");
}

TEST_CASE("frame header: decoding gives back what was encoded") {
  FrameHeader header = example();
  for (const auto type : {FrameType::hello, FrameType::batch, FrameType::result, FrameType::end,
                          FrameType::chunk, FrameType::input, FrameType::header}) {
    header.type = type;
    CHECK(decode_header(bytes_of(header)) == header);
  }
  CHECK(decode_header(bytes_of(FrameHeader())) == FrameHeader());
}

TEST_CASE("frame header: damage to any byte shows, whatever the bit") {
  const std::string good = bytes_of(example());
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      CAPTURE(at);
      CAPTURE(bit);
      const std::string refusal = refusal_of(bad);
      if (at < 4) {
        CHECK(refusal == "not a stream of batches or results");
      } else if (at < 6) {
        CHECK(refusal.starts_with("format version "));
      } else {
        CHECK(refusal == "a damaged frame header");
      }
    }
  }
}

TEST_CASE("frame header: another version is named before its checksum is looked at") {
  std::string other = bytes_of(example());
  other[4] = 7;
  CHECK(refusal_of(other) == "format version 7; this program reads version 2");
}

TEST_CASE("frame header: lengths up to the limit and no further") {
  FrameHeader header;
  header.details = header.text = part_limit;
  CHECK(decode_header(bytes_of(header)) == header);
  header.details = part_limit + 1;
  CHECK(refusal_of(bytes_of(header)) == "a frame of absurd length");
  header.details = 0;
  header.text = UINT64_MAX;
  CHECK(refusal_of(bytes_of(header)) == "a frame of absurd length");
}

TEST_CASE("frame header: shared text is not in the payload") {
  FrameHeader header = example();
  CHECK(header.payload_size() == 15);
  header.flags |= text_is_shared;
  CHECK(header.payload_size() == 7);
}

TEST_CASE("frame header: of a batch") {
  const Batch batch{{10, 25}, 12, 3, unknown_row, 4};
  const FrameHeader header = header_of(batch);
  CHECK(header.type == FrameType::batch);
  CHECK(header.flags == 0);
  CHECK(header.range == batch.range);
  CHECK(header.text == 12);
  CHECK(header.input == 3);
  CHECK(header.first_row == unknown_row);
  CHECK(header.rows == 4);
}
