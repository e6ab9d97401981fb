// The details of a frame <-> values: what is not rows or lines. Knows no fd and no header.
//
// cereal's portable binary archive does the encoding, once a frame at most; FORMAT.md describes the
// bytes. Decoding throws std::invalid_argument for bytes that are no such value, and allocates no
// more than the bytes at hand can fill.
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

/// No rejects are no bytes: the common result costs no encoding.
std::string encode(const std::vector<Reject>& rejects);
std::vector<Reject> decode_rejects(std::span<const char> details);
/// How many there are, if they can be decoded.
uint64_t count_rejects(std::span<const char> details);

std::string encode(ExitStatus status);
ExitStatus decode_status(std::span<const char> details);

}  // namespace rowsum
