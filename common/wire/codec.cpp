// SPDX-License-Identifier: MIT
#include "common/wire/codec.h"

#include <boost/interprocess/streams/bufferstream.hpp>
#include <boost/interprocess/streams/vectorstream.hpp>
#include <cereal/archives/portable_binary.hpp>
#include <stdexcept>

#include "common/wire/little_endian.h"

namespace rowsum {

namespace {

constexpr char little_endian_mark = 1;

using Encoder = cereal::PortableBinaryOutputArchive;

/// An input archive that checks every length against the bytes that are left. cereal's own
/// containers allocate what a length says before they check whether so much is there.
class Decoder : public cereal::PortableBinaryInputArchive {
 public:
  Decoder(std::istream& stream, size_t size)
      : PortableBinaryInputArchive(stream), stream_(stream), size_(size) {}

  size_t remaining() { return size_ - static_cast<size_t>(stream_.tellg()); }

  /// Reads the number of items of a sequence, each of which takes at least `least_bytes_each`
  /// bytes.
  size_t load_size(size_t least_bytes_each) {
    cereal::size_type size = 0;
    (*this)(cereal::make_size_tag(size));
    if (size > remaining() / least_bytes_each) {
      throw std::invalid_argument("a length beyond the end of its frame");
    }
    return static_cast<size_t>(size);
  }

 private:
  std::istream& stream_;
  size_t size_;
};

// Strings and vectors are encoded as the number of items and then the items.

void save_text(Encoder& archive, const std::string& text) {
  archive(cereal::make_size_tag(static_cast<cereal::size_type>(text.size())),
          cereal::binary_data(text.data(), text.size()));
}

void load_text(Decoder& archive, std::string& text) {
  text.resize(archive.load_size(1));
  archive(cereal::binary_data(text.data(), text.size()));
}

// For each type, one list of its members in the order of FORMAT.md. The strings follow them.

template <typename Archive, typename HelloType>
void hello_members(Archive& archive, HelloType& hello) {
  archive(hello.dialect.delimiter, hello.identity.size, hello.identity.hash[0],
          hello.identity.hash[1], hello.largest_text, hello.shared.fd, hello.shared.ring_size,
          hello.place, hello.life);
}

template <typename Archive, typename RejectType>
void reject_members(Archive& archive, RejectType& reject) {
  archive(reject.row, reject.field, reject.offset, reject.lines_before);
}

/// Runs `save` on an archive and returns its bytes.
template <typename Save>
std::string encoded(Save save) {
  boost::interprocess::basic_ovectorstream<std::string> stream;
  Encoder archive(stream, Encoder::Options::LittleEndian());
  save(archive);
  return stream.vector();
}

/// cereal would take any other mark for big-endian, and reverse the bytes of every number.
void check_byte_order(std::span<const char> details) {
  if (!details.empty() && details[0] != little_endian_mark) {
    throw std::invalid_argument("a frame of unknown byte order");
  }
}

/// Runs `load` on all of the bytes.
template <typename Value, typename Load>
Value decoded(std::span<const char> details, Load load) {
  check_byte_order(details);
  boost::interprocess::ibufferstream stream(details.data(), details.size());
  Value value;
  try {
    Decoder archive(stream, details.size());
    load(archive, value);
    if (archive.remaining() != 0) throw std::invalid_argument("a frame with bytes left over");
  } catch (const cereal::Exception&) {
    throw std::invalid_argument("a frame that ends too early");
  }
  return value;
}

}  // namespace

std::string encode(const Hello& hello) {
  return encoded([&](Encoder& archive) {
    archive(static_cast<uint8_t>(hello.content), static_cast<uint8_t>(hello.header),
            static_cast<uint8_t>(hello.lines), static_cast<uint8_t>(hello.fields.complement),
            static_cast<uint8_t>(hello.fields.empty_is_zero));
    hello_members(archive, hello);
    save_text(archive, hello.fields.list);
    save_text(archive, hello.command);
    archive(cereal::make_size_tag(static_cast<cereal::size_type>(hello.inputs.size())));
    for (const std::string& input : hello.inputs) save_text(archive, input);
  });
}

Hello decode_hello(std::span<const char> details) {
  return decoded<Hello>(details, [](Decoder& archive, Hello& hello) {
    uint8_t content = 0, header = 0, lines = 0, complement = 0, empty_is_zero = 0;
    archive(content, header, lines, complement, empty_is_zero);
    hello.content = static_cast<Content>(content);
    hello.header = static_cast<HeaderRow>(header);
    hello.lines = static_cast<LineKind>(lines);
    hello.fields.complement = complement != 0;
    hello.fields.empty_is_zero = empty_is_zero != 0;
    hello_members(archive, hello);
    load_text(archive, hello.fields.list);
    load_text(archive, hello.command);
    hello.inputs.resize(archive.load_size(8));
    for (std::string& input : hello.inputs) load_text(archive, input);
    if (hello.content != Content::batches && hello.content != Content::results) {
      throw std::invalid_argument("a hello of unknown content");
    }
    if (hello.header > HeaderRow::repeat || hello.lines > LineKind::any) {
      throw std::invalid_argument("a hello of unknown rows or lines");
    }
    if (!hello.dialect.is_possible()) throw std::invalid_argument("a hello without a delimiter");
  });
}

std::string encode(const std::vector<Reject>& rejects) {
  if (rejects.empty()) return "";
  return encoded([&](Encoder& archive) {
    archive(cereal::make_size_tag(static_cast<cereal::size_type>(rejects.size())));
    for (const Reject& reject : rejects) {
      reject_members(archive, reject);
      save_text(archive, reject.reason);
      save_text(archive, reject.bytes);
    }
  });
}

std::vector<Reject> decode_rejects(std::span<const char> details) {
  if (details.empty()) return {};
  return decoded<std::vector<Reject>>(details, [](Decoder& archive, std::vector<Reject>& rejects) {
    constexpr size_t least_encoded_size = 6 * 8;
    rejects.resize(archive.load_size(least_encoded_size));
    for (Reject& reject : rejects) {
      reject_members(archive, reject);
      load_text(archive, reject.reason);
      load_text(archive, reject.bytes);
    }
  });
}

uint64_t count_rejects(std::span<const char> details) {
  if (details.empty()) return 0;
  check_byte_order(details);
  const auto number = details.subspan(1);
  if (number.size() < sizeof(uint64_t)) throw std::invalid_argument("a frame that ends too early");
  const char* at = number.data();
  return get<uint64_t>(at);
}

std::string encode(ExitStatus status) {
  return encoded([&](Encoder& archive) { archive(static_cast<int32_t>(status)); });
}

ExitStatus decode_status(std::span<const char> details) {
  return decoded<ExitStatus>(details, [](Decoder& archive, ExitStatus& status) {
    int32_t number = 0;
    archive(number);
    status = static_cast<ExitStatus>(number);
    // Only p3_write decides whether a rejected row is a failure.
    if (number < 0 || number > 255 || status == ExitStatus::some_rejected) {
      throw std::invalid_argument("a verdict that is no status");
    }
  });
}

}  // namespace rowsum
