// SPDX-License-Identifier: MIT
// Compressed files: recognizes them, and runs the program that decompresses them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"

namespace rowsum {

enum class Compression { gzip, zstd, xz, bzip2 };

/// A command that decompresses standard input: "gzip -dc".
std::string command_for(Compression compression);

/// How a file that begins with these bytes is compressed; nothing if it is not. No CSV of integers
/// begins like this.
std::optional<Compression> compression_of(std::string_view beginning);
/// The same for a regular file, from its byte 0 on. A file that cannot be read counts as one that
/// is not compressed, so that the failure is told when the file is to be read.
std::optional<Compression> compression_of(int file);

/// The text of a compressed file, which a program writes into a pipe.
///
/// Only the end of the program shows that the text is complete. So poll(2) waits for text first,
/// and for the end of the program after that; nothing here waits for either. The program leads a
/// process group of its own, which is killed when this object is destroyed. When the calling
/// process dies, the kernel kills the program. The calling process must have one thread.
class Decompressor {
 public:
  /// Starts the program, with `file` as its standard input. `name` is the name of the file in
  /// messages. Throws Failure(system), also if no program for this compression is installed.
  Decompressor(Compression compression, int file, const std::string& name);
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// The descriptor for poll(2). It changes at the end of the text.
  int fd() const { return text_.is_open() ? text_.get() : exit_.get(); }

  /// Reads some of the text. To be called only after poll(2) has reported fd() as readable. Returns
  /// 0 at the end of a complete text, and nothing if poll(2) has to be called again. Throws
  /// Failure(bad_data) if the program failed or was killed, and Failure(io).
  std::optional<size_t> read_some(std::span<char> into);

 private:
  void start(const std::vector<std::string>& words, int file);
  /// Kills what is left of the program's group, and waits for the program, which has ended or is
  /// killed.
  Fate bury();
  /// Throws Failure(bad_data) unless the program has decompressed all of the file.
  void check(const Fate& fate) const;

  Compression compression_;
  std::string name_;
  std::string program_;
  OwnedFd text_;    // the pipe; closed at its end
  OwnedFd errors_;  // the standard error of the program: a file in memory, so that it never blocks
  pid_t pid_ = 0;   // 0 once the program has been waited for
  OwnedFd exit_;    // readable once the program has ended
};

}  // namespace rowsum
