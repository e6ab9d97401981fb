// SPDX-License-Identifier: MIT
#include "p1_read/part_files.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/interprocess/streams/bufferstream.hpp>
#include <charconv>
#include <sstream>
#include <stdexcept>

// Text that opens very many brackets takes memory in place of stack. (Debian's cereal uses the
// RapidJSON of the system, whose macros have shorter names.)
#define RAPIDJSON_PARSE_DEFAULT_FLAGS kParseIterativeFlag
#define CEREAL_RAPIDJSON_PARSE_DEFAULT_FLAGS kParseIterativeFlag
#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include "common/base/failure.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

constexpr uint64_t part_file_version = 1;
constexpr size_t longest_part_file = size_t{64} << 20;

/// Checks what a file says of itself.
void require(bool holds) {
  if (!holds) throw std::invalid_argument("");
}

std::string to_hex(uint64_t number) {
  std::string hex(16, '0');
  for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, number /= 16) {
    *digit = "0123456789abcdef"[number % 16];
  }
  return hex;
}

uint64_t from_hex(std::string_view hex) {
  uint64_t number = 0;
  const char* const end = hex.data() + hex.size();
  const auto [rest, error] = std::from_chars(hex.data(), end, number, 16);
  require(hex.size() == 16 && error == std::errc() && rest == end);
  return number;
}

std::string to_hex(const Hash& hash) {
  return to_hex(hash.high) + to_hex(hash.low);
}

// What becomes of a value in the file: its members by their names. Each function is used both to
// write and to read. Members that follow from others are there for the eye, and are checked.

template <typename Archive>
void member(Archive& archive, const char* name, uint64_t& number) {
  archive(cereal::make_nvp(name, number));
}

template <typename Archive>
void member(Archive& archive, const char* name, bool& value) {
  archive(cereal::make_nvp(name, value));
}

template <typename Archive>
void hash_member(Archive& archive, const char* name, uint64_t& hash) {
  std::string hex = to_hex(hash);
  archive(cereal::make_nvp(name, hex));
  hash = from_hex(hex);
}

template <typename Archive>
void hash_member(Archive& archive, const char* name, Hash& hash) {
  std::string hex = to_hex(hash);
  archive(cereal::make_nvp(name, hex));
  require(hex.size() == 32);
  hash = {from_hex(std::string_view(hex).substr(16)),
          from_hex(std::string_view(hex).substr(0, 16))};
}

/// A number that is known already.
template <typename Archive>
void known_member(Archive& archive, const char* name, uint64_t expected) {
  uint64_t number = expected;
  member(archive, name, number);
  require(number == expected);
}

}  // namespace

template <typename Archive>
void serialize(Archive& archive, DividedFile& file) {
  uint64_t delimiter = static_cast<unsigned char>(file.dialect.delimiter);
  Hash ends{file.identity.hash[0], file.identity.hash[1]};
  member(archive, "size", file.identity.size);
  hash_member(archive, "ends", ends);
  member(archive, "delimiter", delimiter);
  member(archive, "header", file.has_header);
  member(archive, "rows_begin", file.rows_begin);
  hash_member(archive, "beginning", file.beginning);
  member(archive, "parts", file.parts);
  require(delimiter <= 255);
  file.dialect.delimiter = static_cast<char>(delimiter);
  file.identity.hash[0] = ends.low;
  file.identity.hash[1] = ends.high;
  require(file.dialect.is_possible() && file.rows_begin <= file.size());
  require(file.parts > 0 && file.parts <= most_parts);
}

template <typename Archive>
void serialize(Archive& archive, Passage& passage) {
  auto exit = static_cast<uint64_t>(passage.exit);
  member(archive, "exit", exit);
  member(archive, "rows", passage.rows);
  member(archive, "row_end", passage.row_end);
  member(archive, "content_end", passage.content_end);
  require(exit < reading_states);
  passage.exit = static_cast<ReadingState>(exit);
}

template <typename Archive>
void serialize(Archive& archive, PartOutline& part) {
  known_member(archive, "version", part_file_version);
  archive(cereal::make_nvp("file", part.file));
  member(archive, "part", part.part);
  require(part.part > 0 && part.part <= part.file.parts);
  const Range range = nominal_range(part.file, part.part);
  known_member(archive, "begin", range.begin);
  known_member(archive, "end", range.end);
  hash_member(archive, "hash", part.hash);
  hash_member(archive, "last_block", part.last_block);
  std::vector<Passage> passages;
  for (size_t i = 0; i < reading_states; ++i) {
    passages.push_back(part.outline.from(static_cast<ReadingState>(i)));
  }
  archive(cereal::make_nvp("passages", passages));
  require(passages.size() == reading_states);
  std::array<Passage, reading_states> by_entry;
  std::copy(passages.begin(), passages.end(), by_entry.begin());
  for (const Passage& passage : by_entry) {
    require(passage.rows <= range.size() && passage.row_end <= range.size());
  }
  part.outline = Outline(range.size(), by_entry);
}

template <typename Archive>
void serialize(Archive& archive, PlannedPart& part) {
  member(archive, "begin", part.begin);
  member(archive, "first_row", part.first_row);
  member(archive, "begins_in_quotes", part.begins_in_quotes);
  hash_member(archive, "hash", part.hash);
  hash_member(archive, "last_block", part.last_block);
}

template <typename Archive>
void serialize(Archive& archive, Plan& plan) {
  known_member(archive, "version", part_file_version);
  archive(cereal::make_nvp("file", plan.file));
  member(archive, "rows", plan.rows);
  hash_member(archive, "hash", plan.hash);
  archive(cereal::make_nvp("parts", plan.parts));
}

namespace {

template <typename Value>
std::string to_json(const char* name, Value value) {
  std::ostringstream json;
  {
    cereal::JSONOutputArchive archive(json);  // finishes the text when it is destroyed
    archive(cereal::make_nvp(name, value));
  }
  return json.str() + "\n";
}

template <typename Value>
Value parse(const char* name, std::string_view json) {
  boost::interprocess::ibufferstream stream(json.data(), json.size());
  Value value;
  cereal::JSONInputArchive archive(stream);
  archive(cereal::make_nvp(name, value));
  return value;
}

/// The parts of a plan tile the file, and its hash is theirs.
void check(const Plan& plan) {
  require(plan.parts.size() == plan.file.parts && plan.parts.front().begin == 0);
  require(plan.parts.front().first_row == 0 && plan.rows <= plan.file.size());
  for (uint64_t part = 1; part <= plan.parts.size(); ++part) {
    const PlannedPart& at = plan.parts[part - 1];
    require(at.begin <= nominal_range(plan.file, part).begin);
    require(part == 1 || at.begin >= plan.file.rows_begin);
    const Range dealt = plan.dealt_range(part);
    require(dealt.begin <= dealt.end && plan.rows_of(part) <= dealt.size());
  }
  require(plan.hash == hash_of(plan.file, plan.parts));
}

}  // namespace

std::string to_json(const PartOutline& outline) {
  return to_json("outline", outline);
}

std::string to_json(const Plan& plan) {
  return to_json("plan", plan);
}

PartOutline parse_outline(std::string_view json, const std::string& name) {
  try {
    return parse<PartOutline>("outline", json);
  } catch (const std::exception&) {
    throw Failure(ExitStatus::bad_data, name + ": no outline of p1_read, or a damaged one");
  }
}

Plan parse_plan(std::string_view json, const std::string& name) {
  try {
    Plan plan = parse<Plan>("plan", json);
    check(plan);
    return plan;
  } catch (const std::exception&) {
    throw Failure(ExitStatus::bad_data, name + ": no plan of p1_read, or a damaged one");
  }
}

std::string read_part_file(const std::string& path) {
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::no_input, path);
  std::string bytes;
  std::string piece(size_t{64} << 10, '\0');
  while (const size_t n = read_some(file.get(), piece, path)) {
    bytes.append(piece, 0, n);
    if (bytes.size() > longest_part_file) {
      throw Failure(ExitStatus::bad_data, path + ": too long for an outline or a plan");
    }
  }
  return bytes;
}

}  // namespace rowsum
