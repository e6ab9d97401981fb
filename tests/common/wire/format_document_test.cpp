// SPDX-License-Identifier: MIT
// FORMAT.md is the reference: its examples decode to what it says, and it has the words of every
// refusal.
#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/wire/control.h"
#include "common/wire/scanned_chunk.h"
#include "tests/support/files.h"
#include "tests/support/hex.h"
#include "tests/support/streams.h"

using namespace rowsum;

namespace {

std::string source_file(const std::string& name) {
  const char* const directory = std::getenv("ROWSUM_SOURCE_DIR");
  return contents_of(std::string(directory ? directory : ROWSUM_SOURCE_DIR) + "/" + name);
}

/// The bytes of each ```hex block.
std::vector<std::string> examples() {
  const std::string document = source_file("common/wire/FORMAT.md");
  constexpr std::string_view begin = "\n```hex\n", end = "\n```\n";
  std::vector<std::string> blocks;
  for (size_t at = document.find(begin); at != std::string::npos; at = document.find(begin, at)) {
    at += begin.size();
    const size_t length = document.find(end, at) - at;
    blocks.push_back(from_hex(document.substr(at, length)));
    at += length;
  }
  REQUIRE(blocks.size() == 7);
  return blocks;
}

/// The first string literal in each call of refuse() and std::invalid_argument in a source file.
std::vector<std::string> refusals_in(const std::string& name) {
  const std::string source = source_file(name);
  std::vector<std::string> refusals;
  for (const std::string_view call : {"refuse(", "invalid_argument("}) {
    for (size_t at = source.find(call); at != std::string::npos; at = source.find(call, at)) {
      at = source.find_first_not_of(" \n", at + call.size());
      if (source[at] != '"') continue;
      const size_t end = source.find('"', ++at);
      refusals.push_back(source.substr(at, end - at));
      at = end;
    }
  }
  return refusals;
}

Hello hello_in_document(Content content) {
  Hello hello;
  hello.content = content;
  hello.identity = {8, {0x91f155546050f7f0, 0xbc44579575373be2}};
  hello.inputs = {"in.csv"};
  hello.end = 8;
  hello.largest_text = 17301506;
  return hello;
}

const Batch batch_in_document{{0, 8}, 8, 0, 0, 2};

}  // namespace

TEST_CASE("format document: the stream of batches") {
  const std::string bytes = examples()[0];
  const Seen seen = seen_in(bytes);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello_in_document(Content::batches));
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0] == Seen::Frame{batch_in_document, "1,2\n3,x\n", {}});
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 8, 2});
  // The other way round: a writer makes these bytes from it.
  CHECK(to_hex(hello_frame(*seen.hello) + batch_frame(batch_in_document, "1,2\n3,x\n") +
               end_frame(*seen.verdict)) == to_hex(bytes));
}

TEST_CASE("format document: the stream of results") {
  const std::string bytes = examples()[1];
  const Seen seen = seen_in(bytes, Content::results);
  CHECK(seen.thrown == Thrown());
  CHECK(seen.hello == hello_in_document(Content::results));
  REQUIRE(seen.frames.size() == 1);
  CHECK(seen.frames[0].batch.range == batch_in_document.range);
  CHECK(seen.frames[0].batch.rows == 2);
  CHECK(seen.frames[0].text == "0,3\n");
  CHECK(seen.frames[0].rejects ==
        std::vector<Reject>{{1, 2, 6, 4, "'x' is not an integer", "3,x\n"}});
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 8, 2});
  const size_t result_at = hello_frame(*seen.hello).size();
  CHECK(decode_header(std::string_view(bytes).substr(result_at, frame_header_size)).flags ==
        has_checksum);
}

TEST_CASE("format document: the batch by reference") {
  CHECK(to_hex(examples()[2]) == to_hex(batch_frame_shared(batch_in_document)));
}

TEST_CASE("format document: a header row") {
  CHECK(to_hex(examples()[3]) == to_hex(header_frame(0, "a,b\n")));
}

TEST_CASE("format document: a chunk and its outline") {
  CHECK(to_hex(examples()[4]) == to_hex(chunk_frame({0, 8}, 0, 9)));
  const ScannedChunk scanned{0, 0, Outline::of("1,2\n3,x\n", Dialect()), 0};
  CHECK(to_hex(examples()[5]) == to_hex(encode(scanned)));
}

TEST_CASE("format document: the flags") {
  const std::string document = source_file("common/wire/FORMAT.md");
  const std::pair<const char*, uint16_t> flags[] = {{"text_is_shared", text_is_shared},
                                                    {"has_checksum", has_checksum},
                                                    {"is_refused", is_refused},
                                                    {"wants_checksum", wants_checksum}};
  for (const auto& flag : flags) {
    const int bit = std::countr_zero(flag.second);
    const std::string row = "| " + std::to_string(bit) + " | " + flag.first + " |";
    CAPTURE(row);
    CHECK(flag.second == 1 << bit);
    CHECK(document.find(row) != std::string::npos);
  }
  const std::string bytes = batch_frame_shared(batch_in_document, is_refused);
  const uint16_t both = text_is_shared | is_refused;
  CHECK(decode_header(bytes).flags == both);
}

TEST_CASE("format document: control messages") {
  using Message = ControlMessage<NewsOfWriter>;
  CHECK(ControlParser<NewsOfWriter>().feed(examples()[6]) ==
        std::vector<Message>{{NewsOfWriter::received, 0, 8}, {NewsOfWriter::printed, 0, 8}});
}

TEST_CASE("format document: it has the words of every refusal") {
  const std::string document = source_file("common/wire/FORMAT.md");
  size_t count = 0;
  for (const char* name : {"codec", "frame", "frame_parser", "stream_parser"}) {
    for (const std::string& refusal : refusals_in(std::string("common/wire/") + name + ".cpp")) {
      CAPTURE(refusal);
      CHECK(document.find("| " + refusal) != std::string::npos);
      ++count;
    }
  }
  CHECK(count >= 18);  // otherwise the search has not found them
}
