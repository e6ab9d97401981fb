#include "common/wire/control.h"

#include <stdexcept>

#include "common/wire/little_endian.h"

namespace rowsum {

void encode(const ControlMessage& message, std::string& out) {
  char bytes[control_message_size];
  char* at = bytes;
  put<uint32_t>(at, static_cast<uint32_t>(message.type));
  put<uint32_t>(at, message.place);
  put<uint32_t>(at, message.life);
  put<uint64_t>(at, message.value);
  out.append(bytes, sizeof bytes);
}

std::vector<ControlMessage> ControlParser::feed(std::span<const char> bytes) {
  held_.append(bytes.data(), bytes.size());
  std::vector<ControlMessage> messages;
  const char* at = held_.data();
  while (held_.data() + held_.size() - at >= static_cast<ptrdiff_t>(control_message_size)) {
    ControlMessage message;
    const auto type = get<uint32_t>(at);
    if (type > static_cast<uint32_t>(ControlMessage::Type::alive)) {
      throw std::invalid_argument("a control message of unknown type");
    }
    message.type = static_cast<ControlMessage::Type>(type);
    message.place = get<uint32_t>(at);
    message.life = get<uint32_t>(at);
    message.value = get<uint64_t>(at);
    messages.push_back(message);
  }
  held_.erase(0, static_cast<size_t>(at - held_.data()));
  return messages;
}

}  // namespace rowsum
