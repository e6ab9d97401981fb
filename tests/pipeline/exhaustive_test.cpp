// SPDX-License-Identifier: MIT
// Cuts every short text at every place, sums and merges it, and compares that with the reference:
//
//   reference.py exhaustive 6 | exhaustive_test 597871
//
// The argument is the number of records. With it the test fails if the producer fails.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/buffer.h"
#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"
#include "p1_read/batcher.h"
#include "p2_sum/batch_summer.h"
#include "p3_write/merger.h"

namespace rowsum {

namespace {

/// The index of a row in the output, and the number of its first bad field.
using RejectedField = std::pair<uint64_t, uint64_t>;

struct Answer {
  std::string lines;
  std::vector<RejectedField> rejects;
  bool is_unterminated = false;

  bool operator==(const Answer&) const = default;
};

struct Record {
  std::string_view text;
  Answer answer;
};

/// The records that reference.py writes. `record` there says what is in one.
class Records {
 public:
  explicit Records(std::string bytes) : bytes_(std::move(bytes)) {}

  bool is_over() const { return at_ == bytes_.size(); }
  Record take() {
    Record record;
    record.text = take_bytes(take_byte());
    record.answer.is_unterminated = take_byte() != 0;
    record.answer.rejects.resize(take_byte());
    for (RejectedField& reject : record.answer.rejects) {
      reject.first = take_byte();
      reject.second = take_byte();
    }
    const size_t low = take_byte();
    record.answer.lines = take_bytes(low + 256 * take_byte());
    return record;
  }

 private:
  size_t take_byte() { return static_cast<unsigned char>(take_bytes(1).front()); }
  std::string_view take_bytes(size_t count) {
    if (bytes_.size() - at_ < count) throw std::runtime_error("the records end within one");
    at_ += count;
    return std::string_view(bytes_).substr(at_ - count, count);
  }

  std::string bytes_;
  size_t at_ = 0;
};

/// How the text arrives: in pieces of so many bytes, or in two pieces. And whether p1_read takes
/// the whole rows in between, as it does when its input pauses.
struct Feeding {
  size_t piece = SIZE_MAX;
  size_t pause = SIZE_MAX;  // the byte before which the input pauses; 0: each of them
  bool as_outlines = false;
};

struct Tiling {
  std::vector<Batch> batches;
  Verdict verdict;

  bool operator==(const Tiling&) const = default;
};

Tiling cut(std::string_view text, uint64_t batch_size, const Feeding& feeding) {
  BatcherOptions options;
  options.batch_size = batch_size;
  Batcher batcher(options, 0);
  batcher.begin_input(0, "in");
  Tiling tiling;
  const auto take = [&](const std::optional<Batch>& batch) {
    if (batch) tiling.batches.push_back(*batch);
  };
  try {
    for (size_t at = 0, piece = 1; piece > 0; at += piece) {
      const bool as_outline = feeding.as_outlines && !batcher.needs_bytes();
      const uint64_t wanted = as_outline ? batch_size : batcher.wanted();
      piece = std::min({text.size() - at, size_t{wanted}, feeding.piece});
      if (feeding.pause > at) piece = std::min(piece, feeding.pause - at);
      if (piece > 0) {
        const std::string_view bytes = text.substr(at, piece);
        as_outline ? batcher.feed(Outline::of(bytes, Dialect{})) : batcher.feed(bytes);
      } else {
        batcher.end_input();
      }
      take(batcher.take_full());
      batcher.check();
      const bool is_pause = feeding.pause == 0 || feeding.pause == at + piece;
      if (is_pause && piece > 0) take(batcher.take_any());
    }
    tiling.verdict.status = ExitStatus::complete;
  } catch (const Failure& failure) {
    tiling.verdict.status = failure.status();
  }
  tiling.verdict.total = batcher.taken();
  tiling.verdict.rows = batcher.rows();
  return tiling;
}

std::vector<Feeding> feedings_of(size_t bytes) {
  std::vector<Feeding> feedings = {{}, {1, SIZE_MAX}, {1, 0}};
  feedings.push_back({.as_outlines = true});
  feedings.push_back({.pause = 0, .as_outlines = true});
  for (size_t pause = 1; pause < bytes; ++pause) feedings.push_back({SIZE_MAX, pause});
  return feedings;
}

class Worker {
 public:
  explicit Worker(size_t largest_text) { buffer_.reserve(largest_text + 1); }

  Answer answer_to(const Batch& batch, std::string_view input) {
    const std::string_view text = input.substr(batch.text_begin(), batch.text);
    std::memcpy(buffer_.data(), text.data(), text.size());
    // A byte that would change a sum if it were taken for a part of the last row.
    buffer_.data()[text.size()] = '9';
    if (summer_.answer(batch, {buffer_.data(), text.size()}) != batch.rows) {
      throw std::logic_error("the worker counts other rows than the cutter");
    }
    Answer answer;
    answer.lines = summer_.lines();
    for (const Reject& reject : summer_.rejects()) {
      answer.rejects.emplace_back(batch.first_row + reject.row, reject.field);
    }
    return answer;
  }

 private:
  Buffer buffer_;
  BatchSummer summer_{Dialect{}};
};

/// Merges the answers of all batches, which are dealt to the streams in turn. Those that come last
/// in the input are shown first.
Answer merge(const Tiling& tiling, const std::vector<Answer>& answers, size_t streams) {
  static const Hello hello;
  struct Stream {
    size_t next;  // batch
    bool has_head = false;
    bool has_ended = false;
  };
  std::vector<Stream> states;
  Merger merger(streams);
  for (size_t i = 0; i < streams; ++i) {
    states.push_back({i});
    merger.hello(i, "out", hello);
  }
  Answer merged;
  while (!merger.is_over()) {
    for (size_t i = streams; i-- > 0;) {
      Stream& stream = states[i];
      if (stream.has_head || stream.has_ended) continue;
      if (stream.next < answers.size()) {
        stream.has_head = true;
        merger.head(i, tiling.batches[stream.next]);
      } else {
        stream.has_ended = true;
        merger.end(i, tiling.verdict);
      }
    }
    while (const auto due = merger.due()) {
      Stream& stream = states[*due];
      const Answer& answer = answers[stream.next];
      merged.lines += answer.lines;
      merged.rejects.insert(merged.rejects.end(), answer.rejects.begin(), answer.rejects.end());
      stream.next += streams;
      stream.has_head = false;
      merger.written(*due);
    }
  }
  merged.is_unterminated = merger.status() == ExitStatus::bad_data;
  return merged;
}

std::string shown(const Answer& answer) {
  std::string text = "'" + printable(answer.lines, SIZE_MAX) + "', rejects";
  for (const auto& [row, field] : answer.rejects) {
    text += " (" + std::to_string(row) + ", " + std::to_string(field) + ")";
  }
  return text + (answer.is_unterminated ? ", a quote is open" : "");
}

std::string told(const Record& record, const Tiling& tiling, const std::string& difference) {
  std::string message = "'" + printable(record.text, SIZE_MAX) + "' in batches";
  for (const Batch& batch : tiling.batches) message += " up to " + std::to_string(batch.range.end);
  return message + ": " + difference + "\nnot " + shown(record.answer);
}

/// Returns how many runs that took. Throws std::logic_error with what differs.
uint64_t check(const Record& record, Worker& worker) {
  uint64_t runs = 0;
  const size_t bytes = record.text.size();
  std::vector<Tiling> tilings;
  for (uint64_t batch_size = 1; batch_size <= std::max<size_t>(bytes, 1); ++batch_size) {
    for (const Feeding& feeding : feedings_of(bytes)) {
      Tiling tiling = cut(record.text, batch_size, feeding);
      ++runs;
      // Many ways of feeding lead to the same batches. These are summed only once.
      if (std::find(tilings.begin(), tilings.end(), tiling) != tilings.end()) continue;
      std::string difference;
      try {
        std::vector<Answer> answers;
        for (const Batch& batch : tiling.batches) {
          answers.push_back(worker.answer_to(batch, record.text));
        }
        for (size_t streams = 1; streams <= 3 && difference.empty(); ++streams) {
          const Answer answer = merge(tiling, answers, streams);
          ++runs;
          if (answer != record.answer) difference = shown(answer);
        }
      } catch (const std::exception& error) {
        difference = error.what();
      }
      if (!difference.empty()) throw std::logic_error(told(record, tiling, difference));
      tilings.push_back(std::move(tiling));
    }
  }
  return runs;
}

std::string read_standard_input() {
  std::string all;
  std::string piece(1 << 20, '\0');
  while (const size_t n = read_some(STDIN_FILENO, piece, "standard input")) {
    all.append(piece, 0, n);
  }
  return all;
}

void run(uint64_t expected) {
  Records records(read_standard_input());
  Worker worker(255);
  uint64_t strings = 0, runs = 0;
  for (; !records.is_over(); ++strings) runs += check(records.take(), worker);
  if (strings != expected) {
    throw std::runtime_error(std::to_string(strings) + " records and not " +
                             std::to_string(expected));
  }
  std::printf("%llu strings, %llu runs\n", static_cast<unsigned long long>(strings),
              static_cast<unsigned long long>(runs));
}

}  // namespace

}  // namespace rowsum

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error("usage: exhaustive_test RECORDS");
    rowsum::run(std::stoull(argv[1]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exhaustive_test: %s\n", error.what());
    return 1;
  }
}
