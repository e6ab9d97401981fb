#include "common/io/trace_file.h"

#include <fcntl.h>

#include <cstdio>
#include <cstdlib>

#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

/// Tells the processes that the creator starts when the file was created, in nanoseconds of the
/// clock.
constexpr const char* begin_variable = "ROWSUM_TRACE_BEGIN";

constexpr size_t most_collected = size_t{64} << 10;
constexpr std::chrono::seconds longest_collected(1);
constexpr std::chrono::microseconds shortest_wait(100);

/// "1234.567" microseconds.
std::string microseconds(TraceFile::Clock::duration time) {
  char text[32];
  const std::chrono::duration<double, std::micro> value = time;
  ::snprintf(text, sizeof text, "%.3f", value.count());
  return text;
}

std::string members_of(TraceArguments arguments) {
  std::string members;
  for (const TraceArgument& argument : arguments) {
    if (!members.empty()) members += ',';
    members.append("\"").append(argument.name).append("\":").append(std::to_string(argument.value));
  }
  return members;
}

}  // namespace

TraceFile::TraceFile(const std::string& path, bool has_joined, Time begin)
    : path_(path),
      has_joined_(has_joined),
      file_(::open(path.c_str(),
                   O_WRONLY | O_APPEND | O_CLOEXEC | (has_joined ? 0 : O_CREAT | O_TRUNC), 0666)),
      begin_(begin),
      flushed_(begin) {
  if (!file_.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, path);
}

TraceFile TraceFile::create(const std::string& path) {
  const Time begin = Clock::now();
  TraceFile file(path, false, begin);
  ::setenv(begin_variable, std::to_string(begin.time_since_epoch().count()).c_str(), 1);
  file.lines_ = "[\n";
  file.flush();
  return file;
}

TraceFile TraceFile::join(const std::string& path) {
  const char* const begin = std::getenv(begin_variable);
  const Clock::duration since(begin ? std::atoll(begin) : Clock::now().time_since_epoch().count());
  ::unsetenv(begin_variable);
  return TraceFile(path, true, Time(since));
}

TraceFile::~TraceFile() {
  flush();
}

void TraceFile::name(TraceProcess process, std::string_view name) {
  const TraceLane lane{process};
  const std::string order = std::to_string(static_cast<int>(process));
  add("process_name", "M", lane, ",\"args\":{\"name\":\"" + std::string(name) + "\"}");
  add("process_sort_index", "M", lane, ",\"args\":{\"sort_index\":" + order + "}");
}

void TraceFile::name(const TraceLane& lane, std::string_view name) {
  add("thread_name", "M", lane, ",\"args\":{\"name\":\"" + std::string(name) + "\"}");
}

void TraceFile::bar(const TraceLane& lane, std::string_view name, Time begin, Time end,
                    TraceArguments arguments) {
  add(name, "X", lane,
      ",\"ts\":" + time(begin) + ",\"dur\":" + microseconds(end - begin) + ",\"args\":{" +
          members_of(arguments) + "}");
}

void TraceFile::wait(const TraceLane& lane, std::string_view name, Time begin, Time end,
                     TraceArguments arguments) {
  if (end - begin >= shortest_wait) bar(lane, name, begin, end, arguments);
}

void TraceFile::instant(const TraceLane& lane, std::string_view name, Time at,
                        TraceArguments arguments) {
  add(name, "i", lane,
      ",\"s\":\"t\",\"ts\":" + time(at) + ",\"args\":{" + members_of(arguments) + "}");
}

std::string TraceFile::time(Time time) const {
  return microseconds(time - begin_);
}

/// Viewers take process and thread 0 for an idle processor.
void TraceFile::add(std::string_view name, const char* kind, const TraceLane& lane,
                    const std::string& members) {
  lines_.append("{\"name\":\"").append(name).append("\",\"ph\":\"").append(kind);
  lines_ += "\",\"pid\":" + std::to_string(static_cast<int>(lane.process)) +
            ",\"tid\":" + std::to_string(lane.number + 1) + members + "},\n";
  const Time now = Clock::now();
  if (lines_.size() >= most_collected || now - flushed_ >= longest_collected) {
    flushed_ = now;
    flush();
  }
}

void TraceFile::flush() {
  if (file_.is_open() && !lines_.empty()) {
    try {
      write_all(file_.get(), lines_, path_);
    } catch (const Failure& failure) {
      const std::string what = failure.what()[0] != '\0' ? failure.what() : path_ + ": no reader";
      if (has_joined_) report(what + "; the trace ends here");
      file_.close();
    }
  }
  lines_.clear();
}

}  // namespace rowsum
