// SPDX-License-Identifier: MIT
#include "common/io/log_file.h"

#include <fcntl.h>

#include <exception>

#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

constexpr size_t most_collected = size_t{64} << 10;
constexpr std::chrono::seconds longest_collected(1);

int flags_for(LogFile::Mode mode) {
  return O_WRONLY | O_APPEND | O_CLOEXEC | (mode == LogFile::Mode::append ? 0 : O_CREAT | O_TRUNC);
}

}  // namespace

LogFile::LogFile(const std::string& path, Mode mode)
    : path_(path),
      mode_(mode),
      file_(::open(path.c_str(), flags_for(mode), 0666)),
      flushed_(Clock::now()) {
  if (!file_.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, path);
}

LogFile::~LogFile() {
  try {
    flush();
  } catch (const std::exception&) {
    // There is no memory for a report.
  }
}

void LogFile::add(std::string_view line) {
  lines_ += line;
  const Clock::time_point now = Clock::now();
  if (lines_.size() < most_collected && now - flushed_ < longest_collected) return;
  flushed_ = now;
  flush();
}

void LogFile::flush() {
  if (file_.is_open() && !lines_.empty()) {
    try {
      write_all(file_.get(), lines_, path_);
    } catch (const Failure& failure) {
      const std::string what = failure.what()[0] != '\0' ? failure.what() : path_ + ": no reader";
      if (mode_ != Mode::create_for_all) report(what + "; it gets no more lines");
      file_.close();
    }
  }
  lines_.clear();
}

}  // namespace rowsum
