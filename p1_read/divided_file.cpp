// SPDX-License-Identifier: MIT
#include "p1_read/divided_file.h"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "common/wire/little_endian.h"

namespace rowsum {

Hash hash_of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

Hash hash_of(const std::vector<uint64_t>& numbers) {
  std::string bytes(8 * numbers.size(), '\0');
  char* at = bytes.data();
  for (const uint64_t number : numbers) put<uint64_t>(at, number);
  return hash_of(bytes);
}

Range nominal_range(const DividedFile& file, uint64_t part) {
  const uint64_t length = file.size() - file.rows_begin;
  const uint64_t quotient = length / file.parts, rest = length % file.parts;
  const auto begin = [&](uint64_t before) {
    return file.rows_begin + quotient * before + std::min(before, rest);
  };
  return {begin(part - 1), begin(part)};
}

Range block_at(const Range& nominal, uint64_t offset) {
  const uint64_t begin = offset - (offset - nominal.begin) % block_size;
  return {begin, std::min(begin + block_size, nominal.end)};
}

}  // namespace rowsum
