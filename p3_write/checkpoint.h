// SPDX-License-Identifier: MIT
// Keeps the journal of a run with --resume on disk: FILE.journal beside the FILE.partial of the
// output.
//
// The journal is right even if the power fails at any moment: the bytes that it speaks of are
// synced before it is written, and it is replaced as a whole. Bytes that the files hold beyond that
// are cut off when the run goes on. After a sync has failed nothing is saved any more, because the
// next sync would succeed although bytes are lost.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/io/output.h"
#include "p3_write/journal.h"
#include "p3_write/options.h"

namespace rowsum {

class Checkpoint {
 public:
  /// Reads the journal, if there is one. It counts only if something is done, and if the files are
  /// as long as it says, under their partial or their final names; otherwise the run begins anew.
  /// `rejects` may be nullptr. Both files are open and locked. Throws Failure(bad_data) for a
  /// journal that is damaged, or of a run with other options that has done something.
  Checkpoint(const WriteOptions& options, Output& output, Output* rejects);

  const Journal::State& state() const { return journal_.state; }

  /// Compares the input with the journal, cuts the files to the lengths in the journal, and writes
  /// the journal. If the run does not begin anew, reports where it goes on. From now on, a signal
  /// that ends the process has it reported that the same command goes on. If the input is another
  /// one, throws Failure(bad_data) and leaves the files as they are. Throws std::logic_error if the
  /// stream begins elsewhere than the journal says, and throws as note() does.
  void accept(const Hello& hello);
  bool is_accepted() const { return is_accepted_; }

  // All of these throw Failure(io) or Failure(cannot_create).

  /// Everything up to `state` is in the files. Writes the journal if that was last done long ago.
  void note(const Journal::State& state);
  /// Writes the journal with what was noted last.
  void save();
  /// Writes the journal: the files are complete, and are about to get their names.
  void complete();
  /// Removes the journal: the files have their names.
  void remove();

 private:
  void read(const WriteOptions& options);
  bool has(const Output& file, uint64_t length) const;
  [[noreturn]] void refuse(const std::string& why) const;

  Output& output_;
  Output* rejects_;
  std::string path_;
  std::string name_;  // for messages
  bool is_accepted_ = false;
  Journal journal_;
  std::chrono::steady_clock::time_point next_save_;
};

}  // namespace rowsum
