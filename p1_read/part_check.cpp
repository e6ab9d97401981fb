// SPDX-License-Identifier: MIT
#include "p1_read/part_check.h"

#include <algorithm>

#include "common/base/failure.h"
#include "common/wire/frame.h"

namespace rowsum {

namespace {

[[noreturn]] void refuse(const Inputs& input, const Range& range) {
  throw Failure(ExitStatus::bad_data, input.name() + ": " + describe(range) +
                                          " are not what they were in the outline; make all "
                                          "outlines and the plan anew");
}

uint64_t read_hash(const Inputs& input, const Range& block) {
  return payload_checksum("", input.bytes(block));
}

}  // namespace

PartCheck::PartCheck(const Plan& plan, uint64_t part)
    : plan_(plan),
      part_(part),
      nominal_(nominal_range(plan.file, part)),
      known_((nominal_.size() + block_size - 1) / block_size) {}

bool PartCheck::is_border(uint64_t offset) const {
  return offset == nominal_.end || (nominal_.begin <= offset && offset < nominal_.end &&
                                    block_at(nominal_, offset).begin == offset);
}

size_t PartCheck::until_border(uint64_t offset) const {
  if (offset < nominal_.begin) return nominal_.begin - offset;
  return offset < nominal_.end ? block_at(nominal_, offset).end - offset : SIZE_MAX;
}

void PartCheck::saw(uint64_t offset, std::string_view bytes) {
  if (offset < nominal_.begin) {
    const size_t before = std::min<uint64_t>(bytes.size(), nominal_.begin - offset);
    bytes.remove_prefix(before);
    offset += before;
  }
  while (!bytes.empty() && offset < nominal_.end) {
    const Range block = block_at(nominal_, offset);
    const std::string_view piece = bytes.substr(0, block.end - offset);
    if (offset == block.begin) {
      XXH3_64bits_reset(&state_);
      at_ = offset;
    }
    if (at_ == offset) {
      XXH3_64bits_update(&state_, piece.data(), piece.size());
      at_ += piece.size();
      if (at_ == block.end) saw_hash(block, XXH3_64bits_digest(&state_));
    }
    bytes.remove_prefix(piece.size());
    offset += piece.size();
  }
}

void PartCheck::saw_hash(const Range& range, uint64_t hash) {
  const bool is_within = nominal_.begin <= range.begin && range.begin < nominal_.end;
  if (!is_within || block_at(nominal_, range.begin) != range) return;
  std::optional<uint64_t>& known = known_[(range.begin - nominal_.begin) / block_size];
  if (!known) known = hash;
}

void PartCheck::check(const Inputs& input) {
  const Range beginning{0, plan_.file.rows_begin};
  if (hash_of(input.bytes(beginning)) != plan_.file.beginning) refuse(input, beginning);
  check_part(input, part_);
  check_before(input);
}

/// The hashes of all blocks of this nominal range, which may be that of another part.
std::vector<uint64_t> PartCheck::hashes(const Inputs& input, const Range& nominal) const {
  std::vector<uint64_t> hashes;
  for (uint64_t at = nominal.begin; at < nominal.end;) {
    const Range block = block_at(nominal, at);
    const std::optional<uint64_t> known =
        nominal == nominal_ ? known_[hashes.size()] : std::nullopt;
    hashes.push_back(known ? *known : read_hash(input, block));
    at = block.end;
  }
  return hashes;
}

void PartCheck::check_part(const Inputs& input, uint64_t part) const {
  const Range nominal = nominal_range(plan_.file, part);
  if (hash_of(hashes(input, nominal)) != plan_.parts[part - 1].hash) refuse(input, nominal);
}

/// The bytes of the first row that lie before the nominal range are bytes of the parts before.
void PartCheck::check_before(const Inputs& input) const {
  const uint64_t begin = plan_.parts[part_ - 1].begin;
  for (uint64_t part = part_ - 1; part > 0; --part) {
    const Range nominal = nominal_range(plan_.file, part);
    if (nominal.end <= begin) return;
    if (nominal.size() == 0) continue;
    const Range last = block_at(nominal, nominal.end - 1);
    if (begin < last.begin) {
      check_part(input, part);
    } else if (read_hash(input, last) != plan_.parts[part - 1].last_block) {
      refuse(input, last);
    }
  }
}

}  // namespace rowsum
