// SPDX-License-Identifier: MIT
#include "p1_read/statistics.h"

#include <string.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "common/base/report.h"

namespace rowsum {

namespace {

double seconds(RunClock::duration time) {
  return std::chrono::duration<double>(time).count();
}

/// As by printf(3).
[[gnu::format(printf, 1, 2)]] std::string format(const char* form, ...) {
  char text[256];
  va_list values;
  va_start(values, form);
  ::vsnprintf(text, sizeof text, form, values);
  va_end(values);
  return text;
}

std::string cause_of(const WorkerDeath& death) {
  if (death.is_hung) return "hung";
  if (!death.fate.was_killed) return "status " + std::to_string(death.fate.code);
  const char* const name = ::sigabbrev_np(death.fate.code);
  return name ? name : "signal " + std::to_string(death.fate.code);
}

std::string line_of_resources(const char* program, std::optional<uint64_t> cpu,
                              std::optional<uint64_t> memory) {
  const std::string seconds = cpu ? format("%.3f", static_cast<double>(*cpu) / 1e6) : "-";
  const std::string mebibytes =
      memory ? format("%.1f", static_cast<double>(*memory) / 1048576) : "-";
  return format("%-8s %12s %10s\n", program, seconds.c_str(), mebibytes.c_str());
}

}  // namespace

void Statistics::started(size_t place, unsigned life, RunClock::time_point now) {
  places_[place].lives = life + 1;
  places_[place].alive_since = now;
}

void Statistics::done(size_t place, const Work& work) {
  Place& at = places_[place];
  at.busy += work.time.length();
  if (work.item.is_chunk) return;
  ++at.batches;
  at.rows += work.item.batch.rows;
  at.bytes += work.item.batch.range.size();
}

void Statistics::ended(size_t place, RunClock::time_point now) {
  Place& at = places_[place];
  if (!at.alive_since) return;
  at.alive += now - *at.alive_since;
  at.alive_since.reset();
}

void Statistics::died(size_t place, const WorkerDeath& death) {
  Place& at = places_[place];
  if (death.undone) at.busy += death.undone->time.length();
  const std::string cause = cause_of(death);
  const auto found = std::find_if(at.deaths.begin(), at.deaths.end(),
                                  [&](const auto& known) { return known.first == cause; });
  if (found == at.deaths.end()) {
    at.deaths.emplace_back(cause, 1);
  } else {
    ++found->second;
  }
}

void Statistics::finished(const WriterNews& writer, RunClock::time_point now) {
  if (!writer.cpu_microseconds) return;
  for (size_t place = 0; place < places_.size(); ++place) ended(place, now);
  report_lines(table(writer, now, resources_of_this_process(), resources_of_children()));
}

std::string Statistics::table(const WriterNews& writer, RunClock::time_point now,
                              const Resources& reader, const Resources& workers) const {
  uint64_t rows = 0, bytes = 0;
  for (const Place& place : places_) {
    rows += place.rows;
    bytes += place.bytes;
  }
  const double time = seconds(now - begin_);
  const std::string rejects = writer.rejects ? std::to_string(*writer.rejects) : "-";
  std::string lines = format("rows     %20llu\n", static_cast<unsigned long long>(rows)) +
                      format("bytes    %20llu\n", static_cast<unsigned long long>(bytes)) +
                      format("seconds  %20.3f\n", time) +
                      format("MB/s     %20.1f\n", static_cast<double>(bytes) / 1e6 / time) +
                      format("rejects  %20s\n\n", rejects.c_str());
  lines += "            batches         rows    busy s  waiting s  lives  died of\n";
  for (size_t place = 0; place < places_.size(); ++place) {
    if (places_[place].lives > 0) lines += line_of(place);
  }
  lines += "\n                CPU s   peak MiB\n";
  lines += line_of_resources("p1_read", reader.cpu_microseconds, reader.peak_memory);
  lines += line_of_resources("workers", workers.cpu_microseconds, workers.peak_memory);
  lines += line_of_resources("p3_write", writer.cpu_microseconds, writer.peak_memory);
  return lines;
}

std::string Statistics::line_of(size_t place) const {
  constexpr size_t longest = 80;
  const Place& at = places_[place];
  std::string line = format(
      "%-8s %10llu %12llu %9.3f %10.3f %6u", ("place " + std::to_string(place)).c_str(),
      static_cast<unsigned long long>(at.batches), static_cast<unsigned long long>(at.rows),
      seconds(at.busy), seconds(std::max(at.alive - at.busy, RunClock::duration())), at.lives);
  const char* separator = "  ";
  for (const auto& [cause, count] : at.deaths) {
    line += separator + cause;
    if (count > 1) line += " x" + std::to_string(count);
    separator = ", ";
  }
  if (line.size() > longest) line = line.substr(0, longest - 3) + "...";
  return line + "\n";
}

}  // namespace rowsum
