// The operands, read one after another as a stream of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/wire/hello.h"

namespace rowsum {

class Inputs {
 public:
  /// Opens the first one. No operand, or "-", is standard input. Throws Failure(no_input) for what
  /// is missing or may not be read; read_some() does so for a directory.
  explicit Inputs(std::vector<std::string> operands);

  /// Opens the one after the current one; false when there is none. Throws like the constructor.
  bool open_next();

  uint32_t index() const { return index_; }
  /// As messages call them: the operands, or "standard input".
  const std::vector<std::string>& names() const { return names_; }
  const std::string& name() const { return names_[index_]; }
  int fd() const;

  /// Whether the input is one regular file of known size, which others can read by offset. Such a
  /// file is taken as it is now: what is appended later is not read. (/proc has regular files of
  /// size 0 that do have contents; those are read like pipes.)
  bool is_plain_file() const { return is_plain_file_; }
  /// Where reading begins: the current offset of a plain file on standard input, otherwise 0.
  uint64_t begin() const { return begin_; }
  /// Lets a plain file begin at `offset`, or at its end if it is shorter, before anything is read.
  /// Throws Failure(io).
  void begin_at(uint64_t offset);
  /// What tells this input from others: of a plain file its size and a hash of its two ends, of
  /// all else a number by chance. Throws Failure(io) or Failure(system).
  Identity identity() const;
  /// The same, and different once a plain file has been written to, wherever that was. Only this
  /// machine's files have it: parts from several have to agree without it.
  Identity identity_since_written() const;

  /// Some bytes of the current input; 0 at its end. To be called once poll(2) says that fd() is
  /// readable: of a FIFO that nobody has opened for writing yet this would be the end. Throws
  /// Failure(io), also for a regular file that turns out shorter than it was when it was opened.
  size_t read_some(std::span<char> into);

 private:
  void open_current();
  bool has_shrunk() const;

  std::vector<std::string> operands_;
  std::vector<std::string> names_;
  uint32_t index_ = 0;
  OwnedFd file_;  // closed while the current input is standard input
  bool is_plain_file_ = false;
  uint64_t begin_ = 0;
  uint64_t size_ = 0;  // of a regular file, when it was opened
  /// The bytes that such a file had then and that have not been read yet.
  std::optional<uint64_t> owed_;
};

}  // namespace rowsum
