// SPDX-License-Identifier: MIT
// The operands, read one after another as a stream of bytes. A regular file that is compressed is
// read as its text; one on standard input only if it is at its beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/model/range.h"
#include "common/wire/hello.h"
#include "p1_read/decompressor.h"

namespace rowsum {

class Inputs {
 public:
  /// Opens the first operand. No operand, or "-", means standard input. Throws Failure(no_input)
  /// for a file that is missing or may not be read. For a directory, read_some() throws it. Throws
  /// Failure(system) if the program for a compressed file cannot be started.
  explicit Inputs(std::vector<std::string> operands);

  /// Opens the next operand. Returns false if there is none. Throws like the constructor.
  bool open_next();

  uint32_t index() const { return index_; }
  /// The names for messages: the operands, or "standard input".
  const std::vector<std::string>& names() const { return names_; }
  const std::string& name() const { return names_[index_]; }
  /// The descriptor for poll(2), which may change with every call of read_some().
  int fd() const;
  /// Whether the current input is the text of a compressed file.
  bool is_compressed() const { return decompressor_.has_value(); }

  /// Whether the input is one regular file of known size, which other processes can read by offset.
  /// Only the bytes that such a file has when it is opened are read, and not what is appended
  /// later. (A compressed file is read like a pipe. So are the regular files of size 0 in /proc,
  /// which do have contents.)
  bool is_plain_file() const { return is_plain_file_; }
  /// Whether the inputs are several such files, large enough on average that it pays to have other
  /// processes open each of them.
  bool are_plain_files() const { return are_plain_files_; }
  /// The size of a plain file, in bytes.
  uint64_t size() const { return size_; }
  /// Where reading begins: the current offset of a plain file on standard input, otherwise 0.
  uint64_t begin() const { return begin_; }
  /// Where reading the last of the inputs will end, if they are plain files and remain as they are;
  /// otherwise 0.
  uint64_t end() const { return is_plain_file_ ? end_ : size_of_all_; }
  /// Lets a plain file begin at `offset`, or at its end if it is shorter, before anything is read.
  /// Throws Failure(io).
  void begin_at(uint64_t offset);
  /// Lets only these bytes of a plain file be read. To be called before anything is read. Throws
  /// Failure(io).
  void narrow(const Range& range);
  /// Throws Failure(usage), in the name of an option, if the input is not one plain file from its
  /// beginning on. An empty file counts as one from now on. (One of /proc only looks empty.)
  void require_one_plain_file(const std::string& option);
  /// These bytes of a plain file. Throws Failure(io), also if the file ends before them.
  std::string bytes(const Range& range) const;
  /// Whether the current input is a regular file of which the size is known.
  bool has_known_size() const { return owed_.has_value(); }
  /// Whether a regular file has become shorter than it was when it was opened. It may also end
  /// before its size, as files of /sys do.
  bool has_shrunk() const;
  /// Leaves the rest of a file of known size to other processes, which read it by offset, and
  /// returns how many bytes these are. For this process the file is at its end from then on. Throws
  /// Failure(io).
  uint64_t skip_rest();
  /// What distinguishes this input from others: for a plain file its size and a hash of its two
  /// ends, for any other input a random number. Throws Failure(io) or Failure(system).
  Identity identity() const;
  /// The same, but it also depends on the time of the last write to a plain file. It serves only
  /// runs on one machine: copies of a file on several machines differ in that time, and their
  /// identities have to agree.
  Identity identity_since_written() const;

  /// Reads some bytes of the current input. Returns 0 at its end, and nothing if poll(2) has to be
  /// called again. To be called only after poll(2) has reported fd() as readable: before that, a
  /// FIFO that no process has opened for writing yet would seem to be at its end. Throws
  /// Failure(io), also for a regular file that has become shorter since it was opened, and
  /// Failure(bad_data) for a compressed file that is damaged, and for compressed data that come
  /// through a pipe.
  std::optional<size_t> read_some(std::span<char> into);

 private:
  void open_current();

  std::vector<std::string> operands_;
  std::vector<std::string> names_;
  uint32_t index_ = 0;
  OwnedFd file_;  // closed while the current input is standard input, or is compressed
  std::optional<Decompressor> decompressor_;  // if the current input is compressed
  bool is_plain_file_ = false;
  bool are_plain_files_ = false;
  uint64_t size_of_all_ = 0;      // of several plain files
  uint64_t begin_ = 0, end_ = 0;  // of a plain file: what is read
  uint64_t size_ = 0;             // the size of a regular file when it was opened
  bool is_at_start_ = false;      // of an input that is no regular file, nothing has been read
  /// How many of these bytes have not been read yet; nothing if the input is no such file.
  std::optional<uint64_t> owed_;
};

}  // namespace rowsum
