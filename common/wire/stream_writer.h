// The writing end of a stream on a blocking file descriptor.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/model/batch.h"
#include "common/model/verdict.h"
#include "common/wire/codec.h"
#include "common/wire/frame.h"

namespace rowsum {

/// The frames that carry nothing but their header and details, as bytes.
std::string hello_frame(const Hello& hello);
/// `flags`: is_refused or nothing. `checksum`: of the text, if it is to have one.
std::string batch_frame_shared(const Batch& batch, uint16_t flags = 0,
                               std::optional<uint64_t> checksum = std::nullopt);
std::string end_frame(const Verdict& verdict);

/// hello(), then batches or results, then end(); every frame is written at once. A hello and an end
/// carry checksums of their payloads; in a stream on disk, or where that is asked for, all frames
/// do.
///
/// Throws what write_all() throws. After that, and after end(), fail() does nothing.
class StreamWriter {
 public:
  /// `fd` is not owned; `name` is for messages.
  StreamWriter(int fd, std::string name);

  int fd() const { return fd_; }

  /// From now on frames carry checksums of their payloads, wherever they go.
  void add_checksums() { has_checksums_ = true; }

  void hello(const Hello& hello);
  /// `text` is batch.text bytes of rows.
  void batch(const Batch& batch, std::string_view text);
  /// The same, where the text is that part of a plain file and this stream a pipe: it is moved and
  /// not copied, and has no checksum. What cannot be read is filled up with NULs before a
  /// Failure(io) is thrown, so that fail() can still end the stream.
  void batch_from_file(const Batch& batch, int file, const std::string& file_name);
  /// `batch` is what the lines answer.
  void result(const Batch& batch, const std::vector<Reject>& rejects, std::string_view lines);
  void end(const Verdict& verdict);

  /// Ends the stream with a verdict that is not `complete`, whatever state it is in (R2): with a
  /// hello of this content first, if there was none. Does not throw: whoever comes to this has
  /// something worse to report than that nobody listens.
  void fail(ExitStatus status, Content content) noexcept;

 private:
  void fill_up(uint64_t bytes);
  void frame(FrameHeader header, std::string_view details, std::string_view text);
  void write(std::span<const std::string_view> parts);

  int fd_;
  std::string name_;
  bool has_checksums_;
  bool has_begun_ = false;
  bool is_over_ = false;  // ended, or broken by a failed write
  uint64_t position_ = 0;
};

}  // namespace rowsum
