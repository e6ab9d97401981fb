// SPDX-License-Identifier: MIT
#include "common/io/trace_file.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>

namespace rowsum {

namespace {

/// Tells the processes that the creator starts when the file was created, in nanoseconds of the
/// clock.
constexpr const char* begin_variable = "ROWSUM_TRACE_BEGIN";

constexpr std::chrono::microseconds shortest_wait(100);

// There are several lines for each batch, so they are made without printf(3), which takes longer
// than all the rest.

void append(std::string& line, uint64_t number) {
  char digits[20];
  line.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

/// "1234.567" microseconds. A time before the trace has begun is 0.
void append(std::string& line, TraceFile::Clock::duration time) {
  const auto nanoseconds = static_cast<uint64_t>(std::max<int64_t>(time.count(), 0));
  append(line, nanoseconds / 1000);
  const auto digit = [&](uint64_t unit) {
    return static_cast<char>('0' + nanoseconds / unit % 10);
  };
  line.append({'.', digit(100), digit(10), digit(1)});
}

void append(std::string& line, TraceArguments arguments) {
  line += ",\"args\":{";
  const char* separator = "\"";
  for (const TraceArgument& argument : arguments) {
    line.append(separator).append(argument.name).append("\":");
    append(line, argument.value);
    separator = ",\"";
  }
  line += "}},\n";
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
  begin_line("process_name", 'M', {process});
  end_line(name);
  begin_line("process_sort_index", 'M', {process});
  end_line({{"sort_index", static_cast<uint64_t>(process)}});
}

void TraceFile::name(const TraceLane& lane, std::string_view name) {
  begin_line("thread_name", 'M', lane);
  end_line(name);
}

void TraceFile::bar(const TraceLane& lane, std::string_view name, Time begin, Time end,
                    TraceArguments arguments) {
  begin_line(name, 'X', lane);
  line_ += ",\"ts\":";
  append(line_, begin - begin_);
  line_ += ",\"dur\":";
  append(line_, end - begin);
  end_line(arguments);
}

void TraceFile::wait(const TraceLane& lane, std::string_view name, Time begin, Time end,
                     TraceArguments arguments) {
  if (end - begin >= shortest_wait) bar(lane, name, begin, end, arguments);
}

void TraceFile::instant(const TraceLane& lane, std::string_view name, Time time,
                        TraceArguments arguments) {
  begin_line(name, 'i', lane);
  line_ += ",\"s\":\"t\",\"ts\":";
  append(line_, time - begin_);
  end_line(arguments);
}

/// Viewers take process and thread 0 for an idle processor.
void TraceFile::begin_line(std::string_view name, char kind, const TraceLane& lane) {
  line_.assign("{\"name\":\"").append(name).append("\",\"ph\":\"").append(1, kind);
  line_ += "\",\"pid\":";
  append(line_, static_cast<uint64_t>(lane.process));
  line_ += ",\"tid\":";
  append(line_, lane.number + 1);
}

void TraceFile::end_line(TraceArguments arguments) {
  append(line_, arguments);
  file_.add(line_);
}

void TraceFile::end_line(std::string_view name) {
  line_.append(",\"args\":{\"name\":\"").append(name).append("\"}},\n");
  file_.add(line_);
}

}  // namespace rowsum
