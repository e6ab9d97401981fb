// SPDX-License-Identifier: MIT
#include "p3_write/part_streams.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "common/base/arguments.h"
#include "common/base/failure.h"
#include "common/io/read_write.h"
#include "common/wire/stream_parser.h"
#include "common/wire/stream_writer.h"

namespace rowsum {

namespace {

/// Whether it is something of which only a reader can see what it holds: standard input, a FIFO, a
/// device.
bool is_no_regular_file(const std::string& path) {
  struct stat status;
  return path == "-" || (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode));
}

Failure cut_off(const std::string& path) {
  return Failure(ExitStatus::bad_data, path + ": the stream is cut off or damaged");
}

Hello read_hello(int fd, const std::string& path) {
  StreamParser stream(path, Content::results);
  while (stream.item() == StreamParser::Item::none) {
    const size_t n = read_some(fd, stream.space(), path);
    if (n == 0) throw cut_off(path);
    stream.filled(n);
  }
  return stream.hello();
}

/// Reads the end of the stream, which has the last bytes of the file, and returns its status.
ExitStatus read_status(int fd, const std::string& path) {
  struct stat status;
  if (::fstat(fd, &status) != 0) throw Failure::from_errno(ExitStatus::io, path);
  const auto size = static_cast<uint64_t>(status.st_size);
  std::string end = end_frame({});  // all ends are as long as this one
  if (size < end.size()) throw cut_off(path);
  end.resize(pread_fully(fd, end, size - end.size(), path));
  try {
    if (decode_header(std::span(end).first(frame_header_size)).type == FrameType::end) {
      return decode_status(std::span(end).subspan(frame_header_size));
    }
  } catch (const std::invalid_argument&) {
    // These bytes are no frame.
  }
  throw cut_off(path);
}

bool is_of_part(const std::string& path) {
  if (is_no_regular_file(path)) return false;
  try {
    return read_hello(open_stream(path).get(), path).part.is_given();
  } catch (const Failure&) {
    return false;  // what is wrong is found when the stream is read
  }
}

PartStream look_at(const std::string& path) {
  const OwnedFd file = open_stream(path);
  PartStream stream{path, read_hello(file.get(), path)};
  const ExitStatus status = read_status(file.get(), path);
  if (status != ExitStatus::complete) {
    throw Failure(status, path + ": the stream of a run that has failed with status " +
                              std::to_string(static_cast<int>(status)));
  }
  return stream;
}

}  // namespace

OwnedFd open_stream(const std::string& path) {
  OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::no_input, path);
  return file;
}

std::optional<Parts> find_parts(const std::vector<std::string>& paths) {
  if (std::none_of(paths.begin(), paths.end(), is_of_part)) return std::nullopt;
  Parts::Streams streams;
  for (const std::string& path : paths) {
    if (is_no_regular_file(path)) {
      throw usage_failure((path == "-" ? "standard input" : path) +
                          ": the streams of parts have to be regular files with names");
    }
    streams.push_back(look_at(path));
  }
  return Parts(std::move(streams));
}

}  // namespace rowsum
