// SPDX-License-Identifier: MIT
#include "common/wire/stream_writer.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/io/read_write.h"

namespace rowsum {

namespace {

std::string header_bytes(const FrameHeader& header) {
  const auto bytes = encode(header);
  return {bytes.data(), bytes.size()};
}

bool is_regular_file(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

std::string with_details(FrameHeader header, const std::string& details) {
  header.details = details.size();
  header.flags = has_checksum;
  header.checksum = payload_checksum(details, "");
  return header_bytes(header) + details;
}

}  // namespace

std::string hello_frame(const Hello& hello) {
  FrameHeader header;
  header.type = FrameType::hello;
  header.range = {hello.begin, hello.end};
  header.where = hello.results;
  header.first_row = hello.part.number;
  header.rows = hello.part.of;
  return with_details(header, encode(hello));
}

std::string batch_frame_shared(const Batch& batch, uint16_t flags, std::optional<uint64_t> checksum,
                               uint32_t answered_to) {
  FrameHeader header = header_of(batch);
  header.flags = flags | text_is_shared;
  header.where = answered_to;
  if (checksum) {
    header.flags |= has_checksum;
    header.checksum = *checksum;
  }
  return header_bytes(header);
}

std::string batch_frame_inline(const Batch& batch, std::string_view text, uint16_t flags,
                               std::optional<uint64_t> checksum) {
  FrameHeader header = header_of(batch);
  header.flags = flags;
  if (checksum) {
    header.flags |= has_checksum;
    header.checksum = *checksum;
  }
  return header_bytes(header).append(text);
}

std::string chunk_frame(const Range& range, uint32_t input, int descriptor, uint16_t flags) {
  FrameHeader header;
  header.type = FrameType::chunk;
  header.flags = flags;
  header.range = range;
  header.input = input;
  header.where = static_cast<uint32_t>(descriptor);
  return header_bytes(header);
}

std::string header_frame(uint32_t input, std::string_view text) {
  FrameHeader header;
  header.type = FrameType::header;
  header.input = input;
  header.text = text.size();
  header.flags = has_checksum;
  header.checksum = payload_checksum("", text);
  return header_bytes(header).append(text);
}

std::string input_frame(uint32_t input, uint64_t origin, int descriptor) {
  FrameHeader header;
  header.type = FrameType::input;
  header.range = {origin, origin};
  header.input = input;
  header.where = static_cast<uint32_t>(descriptor);
  return header_bytes(header);
}

std::string end_frame(const Verdict& verdict) {
  FrameHeader header;
  header.type = FrameType::end;
  header.range = {verdict.total, verdict.total};
  header.rows = verdict.rows;
  return with_details(header, encode(verdict.status));
}

StreamWriter::StreamWriter(int fd, std::string name)
    : fd_(fd), name_(std::move(name)), has_checksums_(is_regular_file(fd)) {
  widen_pipe(fd);
}

void StreamWriter::hello(const Hello& hello) {
  has_begun_ = true;
  position_ = hello.begin;
  const std::string bytes = hello_frame(hello);
  const std::string_view part = bytes;
  write({&part, 1});
}

void StreamWriter::batch(const Batch& batch, std::string_view text) {
  frame(header_of(batch), "", text);
}

void StreamWriter::batch_from_file(const Batch& batch, int file, const std::string& file_name) {
  position_ = batch.range.end;
  const auto bytes = encode(header_of(batch));
  const std::string_view header(bytes.data(), bytes.size());
  write({&header, 1});
  uint64_t at = batch.text_begin();
  is_over_ = true;  // for the case that the rest of the frame cannot be written
  try {
    splice_all(file, at, batch.range.end, fd_, file_name, name_);
  } catch (const Failure&) {
    fill_up(batch.range.end - at);
    is_over_ = false;
    throw;
  }
  is_over_ = false;
}

void StreamWriter::fill_up(uint64_t bytes) {
  const std::string nuls(std::min(bytes, uint64_t{64} << 10), '\0');
  for (; bytes > nuls.size(); bytes -= nuls.size()) write_all(fd_, nuls, name_);
  write_all(fd_, std::string_view(nuls).substr(0, bytes), name_);
}

void StreamWriter::header(uint32_t input, std::string_view text) {
  const std::string bytes = header_frame(input, text);
  const std::string_view part = bytes;
  write({&part, 1});
}

void StreamWriter::result(const Batch& batch, const std::vector<Reject>& rejects,
                          std::string_view lines) {
  FrameHeader header = header_of(batch);
  header.type = FrameType::result;
  if (ring_ && !lines.empty()) {
    if (const auto position = ring_->put(lines)) {
      header.where = *position;
      header.flags = text_is_shared;
    }
  }
  frame(header, encode(rejects), lines);
}

void StreamWriter::end(const Verdict& verdict) {
  const std::string bytes = end_frame(verdict);
  const std::string_view part = bytes;
  write({&part, 1});
  is_over_ = true;
  flush(fd_, name_);
}

void StreamWriter::fail(ExitStatus status, Content content) noexcept {
  if (is_over_) return;
  try {
    if (!has_begun_) {
      Hello unknown;
      unknown.content = content;
      hello(unknown);
    }
    end({status, position_, 0});
  } catch (const std::exception&) {
    // The stream has no reader. The failure that counts is reported by the caller.
  }
}

void StreamWriter::frame(FrameHeader header, std::string_view details, std::string_view text) {
  header.details = details.size();
  header.text = text.size();
  if (has_checksums_) {
    header.flags |= has_checksum;
    header.checksum = payload_checksum(details, text);
  }
  position_ = header.range.end;
  const auto bytes = encode(header);
  if (header.flags & text_is_shared) text = {};  // it is in the ring
  const std::string_view parts[] = {{bytes.data(), bytes.size()}, details, text};
  write(parts);
}

void StreamWriter::write(std::span<const std::string_view> parts) {
  try {
    write_all(fd_, parts, name_);
  } catch (...) {
    is_over_ = true;  // nothing can follow a broken frame
    throw;
  }
}

}  // namespace rowsum
