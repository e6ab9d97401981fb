// What p3_write and p1_read tell each other while p1_read has workers (common/wire/control.h), at
// the end of p3_write, which is the parent of p1_read. The standard output of p1_read is the link;
// the control and the outputs of the workers are pipes of p1_read, opened here by their names in
// /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/io/owned_fd.h"
#include "common/io/process.h"
#include "common/wire/control.h"

namespace rowsum {

/// A child process, and the pipe to which its standard output goes.
struct StartedReader {
  pid_t pid;
  OwnedFd link;
};

/// Starts p1_read by its name and arguments, with the standard input of this process, which is
/// empty from then on. Throws Failure(system).
StartedReader start_reader(const std::vector<std::string>& command);

class ReaderLink {
 public:
  /// Throws Failure(system).
  explicit ReaderLink(StartedReader reader);
  ~ReaderLink();
  ReaderLink(const ReaderLink&) = delete;
  ReaderLink& operator=(const ReaderLink&) = delete;

  int fd() const { return link_.get(); }

  /// Lets p1_read go, and waits for its end: it ends its workers first. Throws a Failure that tells
  /// how, if it was killed; what it has left of its workers is ended here. The destructor does the
  /// same, and says nothing.
  void finish();

  /// All that has been said since the last time. Throws when p1_read has gone: a Failure that tells
  /// how it was killed, or a silent one with the status it ended with. Throws std::invalid_argument
  /// for a message that there is not, and Failure(io).
  std::vector<ControlMessage<NewsOfReader>> hear();

  /// Opens the control, as `message` tells where it is. Throws as open() does.
  void open_control(const ControlMessage<NewsOfReader>& message);
  /// Opens a pipe of p1_read by the number of its descriptor. Throws Failure(system), and like
  /// hear() when p1_read has gone.
  OwnedFd open(uint64_t fd, int flags);

  /// To be sent soon, and sent now. Both throw Failure(io); that p1_read has gone is for hear() to
  /// tell.
  void say(NewsOfWriter type, size_t place = 0, uint64_t value = 0);
  void send();

 private:
  [[noreturn]] void reader_has_gone();
  /// How p1_read has ended; nothing if it was waited for before.
  std::optional<Fate> wait_for_reader();
  /// A p1_read that fails before it knows that it has workers ends its standard output as any
  /// stream.
  [[noreturn]] void hear_failed_stream(std::span<const char> bytes);

  OwnedFd link_;
  pid_t reader_;                 // 0 once it has been waited for
  uint32_t number_in_proc_ = 0;  // of p1_read
  OwnedFd control_;
  ControlParser<NewsOfReader> parser_;
  std::string news_;
  bool has_begun_ = false;  // something has been heard
};

}  // namespace rowsum
