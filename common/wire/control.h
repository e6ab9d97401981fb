// SPDX-License-Identifier: MIT
// The messages between p1_read and p3_write while p1_read has workers. They are short, of fixed
// size, and go over one pipe in each direction (FORMAT.md, "Control"). With --deal=pull, and while
// a run is watched (--stats, --trace, --joblog), the workers send such messages, too.
//
//   p1_read  --- the link: NewsOfReader ----->  p3_write
//   p1_read  <-- the control: NewsOfWriter ---  p3_write
//   p1_read  <-- NewsOfWorker ----------------  all workers, over one pipe
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/wire/little_endian.h"

namespace rowsum {

/// The messages of p1_read. Descriptors are those of p1_read; p3_write opens them by their names in
/// /proc.
enum class NewsOfReader : uint8_t {
  control,  // the first message: the control is the descriptor `value`, and p1_read has the number
            // `place` in /proc
  started,  // a worker has been started at `place`; its results come through descriptor `value`
  probe,    // p3_write is to answer with `quiet` or `heard` of `place`
  gone,     // `place` gets no worker any more: its stream ends with the exit status `value`
  rows,     // all has been dealt: `value` rows,
  total,    // up to offset `value`. A worker's complete end says the same, and comes later
  results,  // the lines of results of `place` may lie in the ring in descriptor `value`. Comes
            // before the first `started` of the place
  last = results
};

/// The messages of p3_write.
enum class NewsOfWriter : uint8_t {
  ready,     // the first message: the control is open
  row,       // with --resume: the row at which the run begins has the number `value`
  begin,     // with --resume: the run begins at offset `value`. Nothing is to be dealt before
             // `printed` confirms the hello
  alive,     // the stream of the worker at `place` has begun. `value`: 1 if it cannot read the text
             // of batches where it lies, so that it has to get the text itself
  received,  // the result of the oldest batch of `place`, which ends at `value`, has come
  failed,    // the worker at `place` has ended its stream with the exit status `value`
  ended,     // the stream of the worker at `place` has come to its end
  lost,      // no process can write the stream of `place` any more, and it has not come to its end
  printed,   // everything before offset `value` has been written out
  quiet,     // answers a probe: no byte of `place` has come since the last one
  heard,     // answers a probe: bytes have come, or p3_write does not read from `place` now
  rejects,   // the last messages, also of a run that fails: so many rows have been rejected,
  cpu,       // p3_write has used so many microseconds of CPU time,
  memory,    // and so many bytes of memory at once
  last = memory
};

/// The messages of a worker.
enum class NewsOfWorker : uint8_t {
  answered,  // the worker at `place` has written the result of the batch that ends at `value`
  last = answered
};

template <typename News>
struct ControlMessage {
  News type = News();
  uint32_t place = 0;  // 0 where none is meant
  uint64_t value = 0;  // 0 where none is meant

  bool operator==(const ControlMessage&) const = default;
};

constexpr size_t control_message_size = 16;

/// Appends the message's bytes to `out`.
template <typename News>
void encode(const ControlMessage<News>& message, std::string& out) {
  char bytes[control_message_size];
  char* at = bytes;
  put<uint32_t>(at, static_cast<uint32_t>(message.type));
  put<uint32_t>(at, message.place);
  put<uint64_t>(at, message.value);
  out.append(bytes, sizeof bytes);
}

/// Makes messages of bytes, which may come in pieces of any size. Throws std::invalid_argument for
/// a message of unknown type.
template <typename News>
class ControlParser {
 public:
  std::vector<ControlMessage<News>> feed(std::span<const char> bytes) {
    held_.append(bytes.data(), bytes.size());
    std::vector<ControlMessage<News>> messages;
    const char* at = held_.data();
    while (held_.data() + held_.size() - at >= static_cast<ptrdiff_t>(control_message_size)) {
      ControlMessage<News> message;
      const auto type = get<uint32_t>(at);
      if (type > static_cast<uint32_t>(News::last)) {
        throw std::invalid_argument("a control message of unknown type");
      }
      message.type = static_cast<News>(type);
      message.place = get<uint32_t>(at);
      message.value = get<uint64_t>(at);
      messages.push_back(message);
    }
    held_.erase(0, static_cast<size_t>(at - held_.data()));
    return messages;
  }

 private:
  std::string held_;  // the beginning of the next message
};

}  // namespace rowsum
