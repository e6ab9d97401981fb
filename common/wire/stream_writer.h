// SPDX-License-Identifier: MIT
// The writing end of a stream on a blocking file descriptor.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/result_ring.h"
#include "common/model/batch.h"
#include "common/model/verdict.h"
#include "common/wire/codec.h"
#include "common/wire/frame.h"

namespace rowsum {

/// Frames without text, as bytes.
std::string hello_frame(const Hello& hello);
/// `flags`: is_refused or 0. `checksum`: of the text, if it is to be sent. `answered_to`: the
/// descriptor into which the worker is to say that it has answered (NewsOfWorker); 0: none.
std::string batch_frame_shared(const Batch& batch, uint16_t flags = 0,
                               std::optional<uint64_t> checksum = std::nullopt,
                               uint32_t answered_to = 0);
/// The same, followed by its text.
std::string batch_frame_inline(const Batch& batch, std::string_view text, uint16_t flags = 0,
                               std::optional<uint64_t> checksum = std::nullopt);
/// `text`: the header row of an input, with its row end.
std::string header_frame(uint32_t input, std::string_view text);
/// Asks a worker to write the outline of these bytes of an input into a descriptor that it has
/// inherited (scanned_chunk.h). `flags`: wants_checksum or 0.
std::string chunk_frame(const Range& range, uint32_t input, int descriptor, uint16_t flags = 0);
/// Says where the text of this input lies from now on: p1_read has the file open as `descriptor`,
/// and byte 0 of the file lies at `origin` of all the inputs.
std::string input_frame(uint32_t input, uint64_t origin, int descriptor);
std::string end_frame(const Verdict& verdict);

/// To be used as hello(), then batches or results, then end(). Every frame is written at once. A
/// hello and an end have checksums of their payloads. All frames have them in a regular file and
/// after add_checksums().
///
/// Throws what write_all() throws. After that, after end() and after abandon(), fail() does
/// nothing.
class StreamWriter {
 public:
  /// `fd` is not owned; `name` is for messages.
  StreamWriter(int fd, std::string name);

  int fd() const { return fd_; }

  /// From now on all frames have checksums of their payloads.
  void add_checksums() { has_checksums_ = true; }

  void hello(const Hello& hello);
  /// `text` is batch.text bytes of rows.
  void batch(const Batch& batch, std::string_view text);
  /// The same, if this stream is a pipe and the text is in a plain file, at the offset that the
  /// batch says. The text is moved and not copied, and has no checksum. Bytes that cannot be read
  /// are replaced by NULs before a Failure(io) is thrown, so that fail() can still end the stream.
  void batch_from_file(const Batch& batch, int file, const std::string& file_name);
  /// In a stream of batches: the header row of an input, before its first batch or chunk. In a
  /// stream of results: the header line of the output, before the first result that it belongs to.
  void header(uint32_t input, std::string_view text);
  /// `batch` is the batch that is answered.
  void result(const Batch& batch, const std::vector<Reject>& rejects, std::string_view lines);
  /// From now on the lines of results go into this ring, where it has room. It must live as long as
  /// results are written.
  void use_ring(ResultRing& ring) { ring_ = &ring; }
  void end(const Verdict& verdict);

  /// The stream is to stop without an end, so that its reader takes this process for dead.
  void abandon() { is_over_ = true; }

  /// Ends the stream, in any state, with a verdict that is not `complete` (R2). If there has been
  /// no hello, writes one of this content first. Does not throw: the failure that led to this call
  /// is the one to report.
  void fail(ExitStatus status, Content content) noexcept;

 private:
  void fill_up(uint64_t bytes);
  void frame(FrameHeader header, std::string_view details, std::string_view text);
  void write(std::span<const std::string_view> parts);

  int fd_;
  std::string name_;
  bool has_checksums_;
  ResultRing* ring_ = nullptr;
  bool has_begun_ = false;
  bool is_over_ = false;  // ended or abandoned, or broken by a failed write
  uint64_t position_ = 0;
};

}  // namespace rowsum
