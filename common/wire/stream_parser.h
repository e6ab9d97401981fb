// SPDX-License-Identifier: MIT
// Makes the items of a stream of bytes: a hello, batches (with inputs and chunks between them) or
// results, with headers between them, an end, and nothing after it. Checks everything that one
// stream shows by itself (FORMAT.md, "What a reader refuses"). What a header shows is checked
// before its payload has come. What only all streams of a run show together is checked by the
// merger.
//
//   switch (stream.item()) {
//     case StreamParser::Item::none:  stream.filled(read(fd, stream.space()));   break;  // 0: end
//     case StreamParser::Item::hello: ... stream.hello() ...;    stream.next();  break;
//     case StreamParser::Item::frame: ... stream.header() ...;   stream.next();  break;
//     case StreamParser::Item::header: ... stream.text() ...;    stream.next();  break;
//     case StreamParser::Item::chunk: ... stream.header() ...;   stream.next();  break;
//     case StreamParser::Item::input: ... stream.header() ...;   stream.next();  break;
//     case StreamParser::Item::end:   ... stream.verdict() ...;  break;  // now only 0 may follow
//   }
//
// Throws Failure(bad_data, "NAME: what is wrong"), and Failure(neighbour_vanished) if the bytes end
// without an end of the stream.
#pragma once

#include <optional>
#include <string>

#include "common/io/result_ring.h"
#include "common/model/batch.h"
#include "common/model/verdict.h"
#include "common/wire/codec.h"
#include "common/wire/frame_parser.h"

namespace rowsum {

class StreamParser {
 public:
  enum class Item { none, hello, frame, header, chunk, input, end };

  /// `name` is for messages. A stream of the other content is refused.
  StreamParser(std::string name, Content expected);
  /// The lines of results may lie in this ring, which must outlive this object. next() says there
  /// that they are not needed any more.
  void use_ring(ResultRing& ring) { ring_ = &ring; }

  /// As in FrameParser. After the end of the stream there is still room, so that bytes which must
  /// not come are noticed.
  std::span<char> space();
  /// 0 bytes: no more will come.
  void filled(size_t bytes);

  Item item() const { return item_; }
  void next();

  const std::string& name() const { return name_; }
  const Hello& hello() const { return hello_; }
  const FrameHeader& header() const { return frames_.header(); }
  /// The batch, or the batch that the result answers.
  Batch batch() const;
  /// The rows of a batch, if they are not elsewhere, or the lines of a result; of a header, the row
  /// of the input or the line of the output.
  std::string_view text() const { return lines_ ? *lines_ : frames_.text(); }
  std::vector<Reject> rejects() const;
  const Verdict& verdict() const { return verdict_; }
  /// Where the last range in this stream has ended.
  uint64_t position() const { return position_; }

 private:
  void check_header() const;
  void check_chunk() const;
  void check_input() const;
  void check_input_number() const;
  void check_tile() const;
  uint64_t largest_payload() const;
  void accept_frame();
  void accept_hello();
  void accept_end();
  void find_lines();
  void check_header_line() const;
  void check_answer() const;
  [[noreturn]] void refuse_other_kind() const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::string name_;
  Content expected_;
  FrameParser frames_;
  ResultRing* ring_ = nullptr;
  std::optional<std::string_view> lines_;  // of a result, if they are in the ring
  Item item_ = Item::none;
  bool has_hello_ = false;
  Hello hello_;
  Verdict verdict_;
  uint64_t position_ = 0;
  char surplus_ = 0;
};

}  // namespace rowsum
