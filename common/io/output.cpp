// SPDX-License-Identifier: MIT
#include "common/io/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "common/base/failure.h"
#include "common/io/death_by_signal.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

namespace fs = std::filesystem;

/// Temporary names, in memory that a signal handler can reach. An empty one is free. Two are
/// enough: for the sums and the rejects or, with --resume, for the journal.
char temporary_names[2][4096];

void unlink_temporary_names() {
  for (const auto& name : temporary_names) {
    if (name[0] != '\0') ::unlink(name);
  }
}

void unlink_on_signals(const std::string& path) {
  for (auto& name : temporary_names) {
    if (name[0] != '\0') continue;
    if (path.size() >= sizeof name) return;  // no file can have so long a name
    // The first byte is written last: until then the entry counts as free, and a handler never sees
    // a part of a name.
    name[1 + path.copy(name + 1, path.npos, 1)] = '\0';
    std::atomic_signal_fence(std::memory_order_seq_cst);
    name[0] = path[0];
    break;
  }
  before_death_by_signal(unlink_temporary_names);
}

void keep_on_signals(const std::string& path) {
  for (auto& name : temporary_names) {
    if (path == name) name[0] = '\0';
  }
}

/// As long as it exists, no signal is delivered that can be held up: only SIGKILL can end the
/// process.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;
  ~NoSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

/// Gives a file without a name this one, which must be free. If that fails, errno is set.
bool link_nameless(int fd, const std::string& name) {
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

/// A file whose name is removed with this object and on signals. After a rename there is nothing to
/// remove.
class TemporaryFile {
 public:
  /// If the file cannot be opened, errno is set.
  explicit TemporaryFile(std::string name) : name_(std::move(name)) {
    unlink_on_signals(name_);
    file_ =
        OwnedFd(::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_.is_open()) ::unlink(name_.c_str());  // otherwise the file is not of this process
    keep_on_signals(name_);
  }

  bool is_open() const { return file_.is_open(); }
  int fd() const { return file_.get(); }
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
  OwnedFd file_;
};

/// A name that no file has. A file of an earlier process with the same number may be left over.
std::string temporary_name(const std::string& path) {
  std::string name;
  for (int i = 0; name.empty() || ::access(name.c_str(), F_OK) == 0; ++i) {
    name = path + "." + std::to_string(::getpid()) + "." + std::to_string(i) + ".tmp";
  }
  return name;
}

/// The descriptor that `path` names, or -1. Opening such a path would make a second offset in the
/// same file, and replacing the file would lose what other processes have written to it.
int descriptor_of(const std::string& path) {
  if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(directory)) continue;
    int fd = -1;
    const char* const end = path.data() + path.size();
    const auto [rest, error] = std::from_chars(path.data() + directory.size(), end, fd);
    if (error == std::errc() && rest == end) return fd;
  }
  return -1;
}

std::string name_for_messages(const std::string& path) {
  return path == "-" ? "standard output" : path;
}

void sync(int fd, const std::string& name) {
  // EINVAL: a special file system that has nothing to sync.
  if (::fsync(fd) != 0 && errno != EINVAL) throw Failure::from_errno(ExitStatus::io, name);
}

/// Whether there is a file of that name. Throws Failure(cannot_create) if that cannot be found out.
bool find(const std::string& path, struct stat& status) {
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno != ENOENT) throw Failure::from_errno(ExitStatus::cannot_create, path);
  return false;
}

void sync_directory_of(const std::string& path, const std::string& name) {
  const fs::path directory = fs::path(path).parent_path();
  const OwnedFd at(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (at.is_open()) sync(at.get(), name);
}

}  // namespace

Output Output::partial(const std::string& path) {
  Output output;
  output.name_ = name_for_messages(path);
  output.is_partial_ = true;
  struct stat status;
  const bool exists = find(path, status);
  if (descriptor_of(path) >= 0 || (exists && !S_ISREG(status.st_mode))) {
    throw Failure(ExitStatus::usage, output.name_ + ": no plain file, as --resume needs");
  }
  output.path_ = resolved_path(path);
  output.open_partial();
  if (exists) ::fchmod(output.fd_, status.st_mode & 07777);
  return output;
}

Output::Output(const std::string& path) : name_(name_for_messages(path)) {
  if (const int fd = descriptor_of(path); fd >= 0) {
    file_ = OwnedFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!file_.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, name_);
    fd_ = file_.get();
    return;
  }
  struct stat status;
  const bool exists = find(path, status);
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = OwnedFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!file_.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, name_);
  } else {
    path_ = resolved_path(path);
    open_beside();
    if (exists) ::fchmod(file_.get(), status.st_mode & 07777);
  }
  fd_ = file_.get();
}

Output::~Output() {
  struct stat status;
  if (temporary_.empty()) return;
  if (is_partial_ && (::fstat(fd_, &status) != 0 || status.st_size > 0)) return;
  ::unlink(temporary_.c_str());
  keep_on_signals(temporary_);
}

void Output::write(std::string_view bytes) {
  write_all(fd_, bytes, name_);
}

uint64_t Output::size() const {
  struct stat status;
  if (::fstat(fd_, &status) != 0) throw Failure::from_errno(ExitStatus::io, name_);
  return static_cast<uint64_t>(status.st_size);
}

bool Output::is_there_already(uint64_t length) const {
  struct stat status;
  return ::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<uint64_t>(status.st_size) == length;
}

void Output::cut(uint64_t length) {
  if (is_done_) return;
  const auto end = static_cast<off_t>(length);
  if (::ftruncate(fd_, end) != 0 || ::lseek(fd_, end, SEEK_SET) < 0) {
    throw Failure::from_errno(ExitStatus::io, name_);
  }
}

void Output::sync() {
  if (path_.empty()) return flush(fd_, name_);
  rowsum::sync(fd_, name_);
}

void Output::commit() {
  if (is_done_) return;
  sync();
  if (path_.empty()) return;
  if (!temporary_.empty()) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      throw Failure::from_errno(ExitStatus::cannot_create, name_);
    }
    keep_on_signals(temporary_);
    temporary_.clear();
  } else if (!link_nameless(fd_, path_)) {
    // linkat(2) cannot replace an existing file, so the file gets a temporary name first.
    const std::string temporary = temporary_name(path_);
    const NoSignals no_signals;
    if (!link_nameless(fd_, temporary)) {
      throw Failure::from_errno(ExitStatus::cannot_create, name_);
    }
    if (::rename(temporary.c_str(), path_.c_str()) != 0) {
      const Failure failure = Failure::from_errno(ExitStatus::cannot_create, name_);
      ::unlink(temporary.c_str());
      throw Failure(failure);
    }
  }
  sync_directory_of(path_, name_);
}

void Output::open_partial() {
  const std::string partial = path_ + ".partial";
  const std::string shown = name_ + ".partial";
  struct stat opened, named;
  // Repeated until the name is that of the locked file. Another run may have ended between open(2)
  // and flock(2) and given its file the final name.
  do {
    file_ = OwnedFd(::open(partial.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file_.is_open() || ::fstat(file_.get(), &opened) != 0) {
      throw Failure::from_errno(ExitStatus::cannot_create, shown);
    }
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) throw Failure::from_errno(ExitStatus::cannot_create, shown);
      throw Failure(ExitStatus::cannot_create, shown + ": another run is writing it");
    }
  } while (::lstat(partial.c_str(), &named) != 0 || named.st_dev != opened.st_dev ||
           named.st_ino != opened.st_ino);
  fd_ = file_.get();
  temporary_ = partial;
}

std::string resolved_path(const std::string& path) {
  constexpr int most_links = 40;  // as in path_resolution(7)
  std::error_code error;
  fs::path resolved = path;
  // A link may name a file that does not exist yet and is to be created.
  for (int i = 0; i < most_links && fs::is_symlink(resolved, error); ++i) {
    resolved = resolved.parent_path() / fs::read_symlink(resolved, error);
  }
  const fs::path directory = resolved.parent_path();
  const fs::path real = fs::canonical(directory.empty() ? "." : directory, error);
  return error ? resolved.string() : (real / resolved.filename()).string();
}

void replace_file(const std::string& path, std::string_view bytes, const std::string& name) {
  const TemporaryFile next(path + ".new");
  if (!next.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, name);
  write_all(next.fd(), bytes, name);
  sync(next.fd(), name);
  if (::rename(next.name().c_str(), path.c_str()) != 0) {
    throw Failure::from_errno(ExitStatus::cannot_create, name);
  }
  sync_directory_of(path, name);
}

void Output::open_beside() {
  const fs::path directory = fs::path(path_).parent_path();
  file_ = OwnedFd(
      ::open(directory.empty() ? "." : directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (!file_.is_open() && (errno == EOPNOTSUPP || errno == EISDIR)) {
    temporary_ = temporary_name(path_);
    unlink_on_signals(temporary_);
    file_ = OwnedFd(::open(temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
  }
  if (!file_.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, name_);
}

}  // namespace rowsum
