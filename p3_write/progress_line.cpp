// SPDX-License-Identifier: MIT
#include "p3_write/progress_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace rowsum {

namespace {

/// Room for the largest numbers with their units and words.
using Text = boost::static_string<48>;

/// What a line may have after the bar, in this order. What does not apply is empty.
enum Part { bytes, rows, elapsed, rate, left, workers_lost, rejects, part_count };
using Parts = std::array<Text, part_count>;

constexpr Part by_importance[] = {bytes, left, rate, workers_lost, rows, rejects, elapsed};
constexpr size_t shortest_bar = 12, longest_bar = 42;  // with its brackets

Text number(uint64_t value) {
  char digits[20];
  return Text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// "12,345,678 rows".
Text counted(uint64_t value, const char* one, const char* many) {
  Text text = number(value);
  for (size_t digits = text.size(); digits > 3; digits -= 3) text.insert(digits - 3, ",");
  return text.append(value == 1 ? one : many);
}

/// A number of bytes in the largest unit of which it has one: "1.2" and " GB".
struct Size {
  Text value;
  const char* unit;
};

Size size_of(uint64_t value) {
  constexpr const char* units[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
  size_t unit = 0;
  uint64_t one = 1;
  for (; value / one >= 1000; one *= 1000) ++unit;
  Size size{number(value / one), units[unit]};
  if (unit > 0 && value / one < 10) size.value.append(".").append(number(value % one / (one / 10)));
  return size;
}

Text in_words(const Size& size) {
  return Text(size.value).append(size.unit);
}

/// "0:06" or "1:02:03".
Text clock_time(uint64_t seconds) {
  const auto two_digits = [](uint64_t value) {
    return Text(value < 10 ? ":0" : ":").append(number(value));
  };
  const uint64_t minutes = seconds / 60, hours = minutes / 60;
  if (hours == 0) return number(minutes).append(two_digits(seconds % 60));
  return number(hours).append(two_digits(minutes % 60)).append(two_digits(seconds % 60));
}

/// Whether the end of the input is known. A file that has grown may end after it.
bool has_end(const ProgressNumbers& numbers) {
  return numbers.end > numbers.begin && numbers.end >= numbers.done;
}

/// Which part of `whole` corresponds to what is done of the input.
uint64_t share_of(uint64_t whole, const ProgressNumbers& numbers) {
  return static_cast<uint64_t>(static_cast<double>(whole) * static_cast<double>(numbers.done) /
                               static_cast<double>(numbers.end));
}

Text percent_of(const ProgressNumbers& numbers) {
  return number(share_of(100, numbers)).append("%");
}

/// Bytes in a second, on average. Nothing if there has been too little time.
std::optional<double> rate_of(const ProgressNumbers& numbers) {
  constexpr std::chrono::milliseconds least(10);
  if (numbers.elapsed < least) return std::nullopt;
  return 1000.0 * static_cast<double>(numbers.done - numbers.begin) /
         static_cast<double>(numbers.elapsed.count());
}

/// All parts but the bytes.
Parts parts_of(const ProgressNumbers& numbers) {
  Parts parts;
  parts[rows] = counted(numbers.rows, " row", " rows");
  parts[elapsed] = clock_time(static_cast<uint64_t>(numbers.elapsed.count()) / 1000);
  parts[elapsed].append(" so far");
  if (const auto speed = rate_of(numbers)) {
    parts[rate] = in_words(size_of(static_cast<uint64_t>(*speed))).append("/s");
    const double seconds = static_cast<double>(numbers.end - numbers.done) / *speed;
    constexpr double longest = 100 * 24 * 3600;
    if (has_end(numbers) && seconds < longest) {
      parts[left] = clock_time(static_cast<uint64_t>(seconds + 0.999)).append(" left");
    }
  }
  if (numbers.workers_lost > 0) {
    parts[workers_lost] = counted(numbers.workers_lost, " worker lost", " workers lost");
  }
  if (numbers.rejects > 0) {
    parts[rejects] = counted(numbers.rejects, " row rejected", " rows rejected");
  }
  return parts;
}

/// Drops parts until the others, with a comma between them, have at most `room` characters. Returns
/// how many these are.
size_t drop_what_has_no_room(Parts& parts, size_t room) {
  constexpr size_t comma = 2;
  size_t used = 0;
  for (const Part part : by_importance) {
    const size_t size = parts[part].size() + (used > 0 ? comma : 0);
    if (used + size > room) parts[part].clear();
    if (!parts[part].empty()) used += size;
  }
  return used;
}

void append(ProgressLine& line, const Parts& parts) {
  bool is_first = true;
  for (const Text& part : parts) {
    if (part.empty()) continue;
    if (!is_first) line.append(", ");
    line.append(part);
    is_first = false;
  }
}

/// " [===>      ]".
void append_bar(ProgressLine& line, const ProgressNumbers& numbers, size_t columns) {
  const size_t room = columns - 2;
  const size_t full = share_of(room, numbers);
  line.append(" [").append(full, '=');
  if (full < room) line.append(">").append(room - full - 1, ' ');
  line.append("]");
}

}  // namespace

ProgressLine progress_text(const ProgressNumbers& numbers) {
  Parts parts = parts_of(numbers);
  parts[bytes] = in_words(size_of(numbers.done));
  if (has_end(numbers)) {
    parts[bytes].append(" of ").append(in_words(size_of(numbers.end)));
    parts[bytes].append(" (").append(percent_of(numbers)).append(")");
  }
  ProgressLine line;
  append(line, parts);
  return line;
}

ProgressLine progress_bar(const ProgressNumbers& numbers, size_t columns) {
  columns = std::min(columns, ProgressLine::static_capacity);
  const Size done = size_of(numbers.done);
  Parts parts = parts_of(numbers);
  parts[bytes] = in_words(done);
  ProgressLine line;
  if (!has_end(numbers)) {
    drop_what_has_no_room(parts, columns);
    append(line, parts);
    return line;
  }
  const Size end = size_of(numbers.end);
  parts[elapsed].clear();
  if (done.unit == end.unit) parts[bytes] = done.value;
  parts[bytes].append("/").append(in_words(end));

  const Text percent = percent_of(numbers);
  constexpr size_t widest_percent = 4;
  line.append(widest_percent - percent.size(), ' ').append(percent);
  constexpr size_t blank = 1;
  if (columns < line.size() + blank + shortest_bar) return ProgressLine(line, 0, columns);
  const size_t room = columns - line.size() - blank - shortest_bar;
  const size_t used = drop_what_has_no_room(parts, room - std::min(room, blank));
  const size_t bar = shortest_bar + room - (used > 0 ? used + blank : 0);
  append_bar(line, numbers, std::min(bar, longest_bar));
  if (used > 0) line.append(" ");
  append(line, parts);
  return line;
}

}  // namespace rowsum
