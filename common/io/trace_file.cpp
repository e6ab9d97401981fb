#include "common/io/trace_file.h"

#include <cstdio>
#include <cstdlib>

namespace rowsum {

namespace {

/// Tells the processes that the creator starts when the file was created, in nanoseconds of the
/// clock.
constexpr const char* begin_variable = "ROWSUM_TRACE_BEGIN";

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

TraceFile TraceFile::create(const std::string& path) {
  const Time begin = Clock::now();
  TraceFile file(path, LogFile::Mode::create_for_all, begin);
  ::setenv(begin_variable, std::to_string(begin.time_since_epoch().count()).c_str(), 1);
  file.file_.add("[\n");
  file.flush();
  return file;
}

TraceFile TraceFile::join(const std::string& path) {
  const char* const begin = std::getenv(begin_variable);
  const Clock::duration since(begin ? std::atoll(begin) : Clock::now().time_since_epoch().count());
  ::unsetenv(begin_variable);
  return TraceFile(path, LogFile::Mode::append, Time(since));
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
  std::string line("{\"name\":\"");
  line.append(name).append("\",\"ph\":\"").append(kind);
  line += "\",\"pid\":" + std::to_string(static_cast<int>(lane.process)) +
          ",\"tid\":" + std::to_string(lane.number + 1) + members + "},\n";
  file_.add(line);
}

}  // namespace rowsum
