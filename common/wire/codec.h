// SPDX-License-Identifier: MIT
// Converts values to the details of a frame and back. The details are what is neither rows nor
// lines. Knows no fd and no header.
//
// cereal's portable binary archive does the encoding, at most once for each frame. FORMAT.md
// describes the bytes. Decoding throws std::invalid_argument for bytes that are not such a value,
// and allocates no more than the bytes that are there can fill.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/base/exit_status.h"
#include "common/model/reject.h"
#include "common/wire/hello.h"

namespace rowsum {

std::string encode(const Hello& hello);
Hello decode_hello(std::span<const char> details);

/// An empty vector is no bytes, so the common result needs no encoding.
std::string encode(const std::vector<Reject>& rejects);
std::vector<Reject> decode_rejects(std::span<const char> details);
/// How many rejects there are, if they can be decoded.
uint64_t count_rejects(std::span<const char> details);

std::string encode(ExitStatus status);
ExitStatus decode_status(std::span<const char> details);

}  // namespace rowsum
