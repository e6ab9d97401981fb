// What p3 tells p1 in the launcher's pipeline, over one FIFO. p3 alone writes; messages are of
// fixed size and go out in writes of at most PIPE_BUF bytes, so they are never torn.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rowsum {

struct ControlMessage {
  enum class Type : uint8_t {
    received,  // `place`, in its life `life`, has returned the result of its oldest batch, which
               // ends at `value`
    failed,    // the worker at `place` ended its stream with the exit status `value`
    printed,   // everything before offset `value` has been written out
    ended,     // the stream of `place`, in its life `life`, has come to its end
    over,      // the life is over without an end; the next one is being read from now on
    quiet,     // a second has passed in which `place` was waited for and returned not a byte
    row,       // with --resume: the row at which the run begins has the number `value`
    begin,     // with --resume: the run begins at offset `value`. Nothing is to be dealt before
               // `printed` confirms the hello
    alive,     // the stream of `place`, in its life `life`, has begun
  };

  Type type = Type::received;
  uint32_t place = 0;
  uint32_t life = 0;
  uint64_t value = 0;

  bool operator==(const ControlMessage&) const = default;
};

constexpr size_t control_message_size = 20;

/// Appends the message's bytes to `out`.
void encode(const ControlMessage& message, std::string& out);

/// Bytes in, messages out. Throws std::invalid_argument for a message of unknown type.
class ControlParser {
 public:
  std::vector<ControlMessage> feed(std::span<const char> bytes);

 private:
  std::string held_;  // the beginning of a message
};

}  // namespace rowsum
