// SPDX-License-Identifier: MIT
// A p2_sum that dies, or hangs, at a given point. Otherwise it is p2_sum: it has the same main()
// and the same library, but its calls of read(2) and writev(2) pass through this file.
//
//   FRAGILE_POINT   where:
//                     start         before anything else
//                     before_hello  before the first byte of the stream of results
//                     inside_hello  half of the hello is written (likewise for the other insides)
//                     got_batch     a batch has been read, and nothing of its result written
//                     got_chunk     a chunk is to be scanned, and nothing of its outline written
//                     inside_head   a result has 40 of its header's 80 bytes
//                     inside_result
//                     between       a result is written
//                     after_last    the end has been read: the last result is written
//                     before_end, inside_end
//                     after_end     all is written
//                   or what it does wrong in a result, of which it does not die:
//                     short_result  the last line is missing
//                     long_result   the header claims 512 GiB of lines
//                     no_result     nothing of it is written
//                     two_results   it is written twice
//                     early_end     after it, the stream ends as if that had been all
//   FRAGILE_ROW     or: as soon as a batch is read that holds this text and is not refused
//   FRAGILE_CHUNK   or: as soon as a chunk is to be scanned that holds this text
//   FRAGILE_REFUSED if set: or one that is refused
//   FRAGILE_NUMBER  which batch, result or chunk of a life it is, from 0 (default: 0)
//   FRAGILE_PLACE   at this place only (default: at all)
//   FRAGILE_LIVES   in so many lives of a place, the first ones (default: in all)
//   FRAGILE_HOW     a signal's number (default: 9), `loop` for an endless loop, or `exit N`
//
// This program sends the signal to itself. For p2_sum that is the same as a signal from outside at
// this point.
#include <limits.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire/shared_text.h"
#include "common/wire/stream_parser.h"
#include "common/wire/stream_writer.h"
#include "common/wire/worker_variable.h"

extern "C" {
ssize_t __real_read(int fd, void* into, size_t size);
ssize_t __real_writev(int fd, const iovec* parts, int count);
ssize_t __wrap_read(int fd, void* into, size_t size);
ssize_t __wrap_writev(int fd, const iovec* parts, int count);
}

namespace rowsum {
namespace {

std::string_view setting(const char* name, std::string_view otherwise) {
  const char* const value = std::getenv(name);
  return value ? value : otherwise;
}

unsigned long number(const char* name, unsigned long otherwise) {
  const char* const value = std::getenv(name);
  return value ? std::strtoul(value, nullptr, 10) : otherwise;
}

/// p1_read tells a worker its place and its life. In a chain, the worker counts as the first life
/// at place 0.
bool is_meant() {
  unsigned place = 0;
  unsigned life = 0;
  const std::string worker(setting(worker_variable, "0.0"));
  if (std::sscanf(worker.c_str(), "%u.%u", &place, &life) != 2) place = life = 0;
  return number("FRAGILE_PLACE", place) == place && life < number("FRAGILE_LIVES", ULONG_MAX);
}

void die() {
  const std::string_view how = setting("FRAGILE_HOW", "9");
  if (how.starts_with("exit ")) ::_exit(std::atoi(how.data() + 5));
  while (how == "loop") {
    static volatile unsigned long turns = 0;
    turns = turns + 1;
  }
  ::raise(std::atoi(how.data()));
}

void at(std::string_view point) {
  if (setting("FRAGILE_POINT", "") == point && is_meant()) die();
}

/// The same for a point that a life can reach several times; this is one more time.
void at(std::string_view point, unsigned long& count) {
  const bool is_it = count == number("FRAGILE_NUMBER", 0);
  ++count;
  if (is_it) at(point);
}

const bool has_started = (at("start"), true);

/// The bytes that are read also go through a parser of this file.
class Reading {
 public:
  void see(std::string_view bytes) {
    try {
      if (bytes.empty() || stream_.item() == StreamParser::Item::end) return;
      while (!bytes.empty()) {
        const std::span<char> space = stream_.space();
        const size_t n = std::min(space.size(), bytes.size());
        std::copy_n(bytes.begin(), n, space.begin());
        bytes.remove_prefix(n);
        stream_.filled(n);
        if (stream_.item() == StreamParser::Item::end) return at("after_last");
        if (stream_.item() == StreamParser::Item::frame) see_batch();
        if (stream_.item() == StreamParser::Item::chunk) see_chunk();
        if (stream_.item() == StreamParser::Item::input) see_input();
        if (stream_.item() != StreamParser::Item::none) stream_.next();
      }
    } catch (const std::exception&) {
      bytes = {};  // p2_sum itself reports what is wrong
    }
  }

 private:
  void see_batch() {
    at("got_batch", count_);
    const bool refused = stream_.header().flags & is_refused;
    if (refused && std::getenv("FRAGILE_REFUSED") && is_meant()) die();
    const std::string_view row = setting("FRAGILE_ROW", "");
    if (row.empty() || refused) return;
    std::string_view text = stream_.text();
    if (stream_.header().flags & text_is_shared) {
      text = shared().of(stream_.batch(), "");
    }
    if (text.find(row) != text.npos && is_meant()) die();
  }

  void see_chunk() {
    at("got_chunk", chunks_);
    const std::string_view text = setting("FRAGILE_CHUNK", "");
    if (text.empty() || !is_meant()) return;
    if (shared().chunk(stream_.header().range, "").find(text) != text.npos) die();
  }

  void see_input() {
    input_ = open_input_of_parent(stream_.header().where, "");
    shared().use(input_.get(), stream_.header().range.begin);
  }

  SharedText& shared() {
    if (!shared_) shared_.emplace(stream_.hello().shared);
    return *shared_;
  }

  StreamParser stream_{"standard input", Content::batches};
  std::optional<SharedText> shared_;
  OwnedFd input_;
  unsigned long count_ = 0;   // batches
  unsigned long chunks_ = 0;  // chunks
};

/// Writes the first bytes of what was to be written.
void write_part(int fd, const iovec* parts, int count, size_t bytes) {
  std::vector<char> all;
  for (int i = 0; i < count; ++i) {
    const char* const part = static_cast<const char*>(parts[i].iov_base);
    all.insert(all.end(), part, part + parts[i].iov_len);
  }
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = ::write(fd, all.data() + done, bytes - done);
    if (n < 0) ::_exit(errno == EPIPE ? 141 : 74);  // like p2_sum itself
    done += static_cast<size_t>(n);
  }
}

size_t size_of(const iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

/// Writes the first `bytes` bytes of a frame, and then fails as it has been told to.
void inside(std::string_view point, int fd, const iovec* parts, int count, size_t bytes) {
  if (setting("FRAGILE_POINT", "") != point || !is_meant()) return;
  write_part(fd, parts, count, bytes);
  die();
}

/// The bytes that are written instead of the right result.
std::optional<std::string> wrong_result(const iovec* parts, int count) {
  const std::string_view point = setting("FRAGILE_POINT", "");
  if (!point.ends_with("_result") && point != "two_results") return std::nullopt;
  if (point == "inside_result" || !is_meant()) return std::nullopt;
  std::string frame;
  for (int i = 0; i < count; ++i) {
    frame.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  if (point == "no_result") return "";
  if (point == "two_results") return frame + frame;
  FrameHeader header = decode_header(std::span(frame).first(frame_header_size));
  std::string payload = frame.substr(frame_header_size);
  if (point == "short_result") {
    payload.pop_back();
    payload.erase(payload.rfind('\n') + 1);
    header.text = payload.size() - header.details;
  } else {
    header.text = uint64_t{1} << 39;
  }
  const auto bytes = encode(header);
  return std::string(bytes.data(), bytes.size()) + payload;
}

}  // namespace
}  // namespace rowsum

using namespace rowsum;

/// Takes the ring for results out of a hello, so that all of a result goes through the pipe, where
/// it can be written in part or be falsified.
static void hide_ring(void* bytes, size_t size) {
  if (size != frame_header_size) return;
  try {
    FrameHeader header = decode_header({static_cast<const char*>(bytes), size});
    if (header.type != FrameType::hello) return;
    header.where = 0;
    std::ranges::copy(encode(header), static_cast<char*>(bytes));
  } catch (const std::invalid_argument&) {
    // p2_sum itself reports what is wrong.
  }
}

ssize_t __wrap_read(int fd, void* into, size_t size) {
  static Reading reading;
  const ssize_t n = __real_read(fd, into, size);
  const bool is_in_result = setting("FRAGILE_POINT", "").find("result") != std::string_view::npos;
  if (fd == STDIN_FILENO && n > 0 && is_in_result) hide_ring(into, static_cast<size_t>(n));
  if (fd == STDIN_FILENO && n > 0) {
    reading.see({static_cast<const char*>(into), static_cast<size_t>(n)});
  }
  return n;
}

ssize_t __wrap_writev(int fd, const iovec* parts, int count) {
  static unsigned long results = 0;  // written
  static size_t left = 0;            // bytes that are left of a frame that is partly written
  static FrameType type = FrameType::hello;
  static Verdict so_far;
  if (fd != STDOUT_FILENO) return __real_writev(fd, parts, count);
  const size_t size = size_of(parts, count);
  if (left == 0) {
    type = decode_mark({static_cast<const char*>(parts[0].iov_base), frame_mark_size});
    left = size;
    if (type == FrameType::result) {
      const auto* const bytes = static_cast<const char*>(parts[0].iov_base);
      const FrameHeader header = decode_header(std::span(bytes, frame_header_size));
      so_far = {ExitStatus::complete, header.range.end, so_far.rows + header.rows};
    }
    if (type == FrameType::hello) {
      at("before_hello");
      inside("inside_hello", fd, parts, count, size / 2);
    } else if (type == FrameType::result && results == number("FRAGILE_NUMBER", 0)) {
      inside("inside_head", fd, parts, count, frame_header_size / 2);
      inside("inside_result", fd, parts, count, frame_header_size + (size - frame_header_size) / 2);
      if (const auto wrong = wrong_result(parts, count)) {
        const iovec part{const_cast<char*>(wrong->data()), wrong->size()};
        write_part(fd, &part, 1, wrong->size());
        left = 0;
        ++results;
        return static_cast<ssize_t>(size);
      }
    } else if (type == FrameType::end) {
      at("before_end");
      inside("inside_end", fd, parts, count, size / 2);
    }
  }
  const ssize_t n = __real_writev(fd, parts, count);
  if (n > 0) left -= static_cast<size_t>(n);
  if (n > 0 && left == 0 && type == FrameType::result) {
    if (setting("FRAGILE_POINT", "") == "early_end" && is_meant() &&
        results == number("FRAGILE_NUMBER", 0)) {
      const std::string end = end_frame(so_far);
      const iovec part{const_cast<char*>(end.data()), end.size()};
      write_part(fd, &part, 1, end.size());
      ::_exit(0);
    }
    at("between", results);
  }
  if (n > 0 && left == 0 && type == FrameType::end) at("after_end");
  return n;
}
