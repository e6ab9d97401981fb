// SPDX-License-Identifier: MIT
// The beginning of every stream: which input the rows are from, and how they are written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/csv/dialect.h"
#include "common/model/field_rules.h"
#include "common/model/header_row.h"
#include "common/model/line_kind.h"
#include "common/model/part.h"

namespace rowsum {

enum class Content : uint8_t { batches = 1, results = 2 };

/// Lines that are no sums may be of any length. But the lines that answer one batch have no more
/// bytes than this, so that a program that holds them needs only so much memory.
constexpr uint64_t largest_answer = uint64_t{256} << 20;

/// What distinguishes one input from another. Parts of one file may be computed on several machines
/// and merged, because they agree in size and hash. An input that is not one plain file has a
/// random number, the id of the run.
struct Identity {
  uint64_t size = 0;      // of the file, in bytes; 0 with the id of a run
  uint64_t hash[2] = {};  // XXH3 (128 bits) of its first and last 64 KiB; or the id of the run

  bool operator==(const Identity&) const = default;
};

/// Where the text of the batches is, if it does not follow their headers.
struct Shared {
  int32_t fd = -1;         // inherited by the worker; -1: the text follows inline
  uint64_t ring_size = 0;  // the byte at input offset x lies at x mod ring_size; 0: at x

  bool operator==(const Shared&) const = default;
};

struct Hello {
  Content content = Content::batches;
  Dialect dialect;
  HeaderRow header = HeaderRow::none;
  FieldRules fields;
  Identity identity;
  std::vector<std::string> inputs;  // names of the files, as the user gave them
  uint64_t begin = 0;               // where the first range begins
  uint64_t end = 0;                 // where the last one will probably end; 0: that is not known
  uint64_t largest_text = 0;        // no batch has more bytes of text
  Shared shared;
  /// For a worker: the descriptor of the ring for its results (common/io/result_ring.h); 0: none.
  /// It is not in the details but in the header of the frame.
  uint32_t results = 0;
  uint32_t place = 0;  // for a worker of p1_read: its place, and which life of the place it is
  uint32_t life = 0;
  Part part;  // the part of the file that this stream is about; in the header of the frame, too
  LineKind lines = LineKind::sums;  // results only
  std::string command;              // results only: what makes the lines, as options of p2_sum

  /// Whether the streams are of the same input, read and answered in the same way.
  bool same_input(const Hello& other) const {
    return identity == other.identity && dialect == other.dialect && header == other.header &&
           fields == other.fields && begin == other.begin && part == other.part &&
           lines == other.lines && command == other.command;
  }
  bool operator==(const Hello&) const = default;
};

}  // namespace rowsum
