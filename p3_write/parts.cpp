// SPDX-License-Identifier: MIT
#include "p3_write/parts.h"

#include <algorithm>
#include <utility>

#include "common/base/failure.h"

namespace rowsum {

namespace {

Failure refusal(const std::string& what) {
  return Failure(ExitStatus::bad_data, what);
}

/// Throws if `stream` cannot be of the same plan as `other`, which is of a part.
void check_belongs(const PartStream& stream, const PartStream& other) {
  if (!stream.hello.part.is_given()) {
    throw refusal(stream.name + ": no part of a file, as " + other.name + " is");
  }
  const std::string name = stream.name + ": " + describe(stream.hello.part);
  if (stream.hello.identity != other.hello.identity ||
      stream.hello.part.of != other.hello.part.of) {
    throw refusal(name + " of another plan than " + other.name);
  }
  Hello there = stream.hello;
  there.begin = other.hello.begin;
  there.part = other.hello.part;
  if (!there.same_input(other.hello)) {
    throw refusal(name + ", read in another way than " + other.name);
  }
}

/// Throws if not all of the parts are there.
void check_complete(const std::vector<Parts::Streams>& parts) {
  const uint64_t of = parts.front().front().hello.part.of;
  const uint64_t missing = of - parts.size();
  if (missing == 0) return;
  uint64_t first = 1;
  for (const Parts::Streams& part : parts) {
    if (part.front().hello.part.number != first) break;
    ++first;
  }
  std::string others;
  if (missing > 1) {
    others = " (and " + std::to_string(missing - 1) + (missing == 2 ? " other)" : " others)");
  }
  throw refusal(describe(Part{first, of}) + " is missing" + others);
}

}  // namespace

Parts::Parts(Streams streams) {
  const auto is_of_part = [](const PartStream& stream) { return stream.hello.part.is_given(); };
  const PartStream& other = *std::find_if(streams.begin(), streams.end(), is_of_part);
  for (const PartStream& stream : streams) check_belongs(stream, other);

  const auto number = [](const PartStream& stream) { return stream.hello.part.number; };
  std::ranges::stable_sort(streams, {}, number);
  for (PartStream& stream : streams) {
    if (parts_.empty() || number(parts_.back().front()) != number(stream)) parts_.emplace_back();
    parts_.back().push_back(std::move(stream));
  }
  check_complete(parts_);
}

Hello Parts::whole() const {
  Hello hello = parts_.front().front().hello;
  hello.part = {};
  hello.end = hello.identity.size;
  return hello;
}

}  // namespace rowsum
