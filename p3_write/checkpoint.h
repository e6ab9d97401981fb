// The journal of a run with --resume on disk: FILE.journal beside the output's FILE.partial.
//
// It cannot be wrong, whenever the power fails: what it speaks of is synced before it is written,
// and it is replaced as a whole. What the files hold beyond that is cut off when the run goes on.
// Once a sync has failed nothing is saved any more: a second one of the lost bytes would succeed.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "p3_write/journal.h"
#include "p3_write/options.h"
#include "p3_write/output.h"

namespace rowsum {

class Checkpoint {
 public:
  /// Reads the journal, if there is one. It counts only if the files are as long as it says, under
  /// the one name or the other; if not, all begins anew. `rejects`: or nullptr. Both are open, and
  /// nobody else's. Throws Failure(bad_data) for a journal that is damaged or of a run with other
  /// options.
  Checkpoint(const WriteOptions& options, Output& output, Output* rejects);

  const Journal::State& state() const { return journal_.state; }

  /// Holds the input against the journal, cuts the files to what it says, and writes it. Throws
  /// Failure(bad_data), with the files as they were, if the input is another one; std::logic_error
  /// if the stream begins elsewhere than the journal says; and as note() does.
  void accept(const Hello& hello);
  bool is_accepted() const { return is_accepted_; }

  // All of these throw Failure(io) or Failure(cannot_create).

  /// Everything up to `state` is in the files. Writes the journal if the last time is long ago.
  void note(const Journal::State& state);
  /// Writes the journal with what was noted last.
  void save();
  /// Writes the journal: the files are complete, and are about to get their names.
  void complete();
  /// Removes the journal, for the files have their names.
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
