// SPDX-License-Identifier: MIT
// The merger: streams of results that tile the input are written as a whole, whenever each of them
// shows its results. Of other streams, nothing is written twice, and the merger does not say that
// it is complete. Everything is written in order or, at most, so many parts ahead of their turn.
// The first byte of an input says how many streams there are, and how many such parts. Each byte
// after it is a step: the next range goes to a stream, or a stream shows its next result, or a
// stream is damaged.
#include <algorithm>
#include <deque>
#include <vector>

#include "common/base/failure.h"
#include "p3_write/merger.h"
#include "tests/fuzz/fuzz.h"

namespace rowsum {

namespace {

struct Stream {
  std::deque<Batch> results;
  Verdict verdict;
  bool has_head = false;  // results.front(), shown and not written
  bool has_ended = false;
};

class Run {
 public:
  explicit Run(Choices choices) : choices_(choices) {
    constexpr size_t limits[] = {0, 1, 2, SIZE_MAX};
    const uint8_t choice = choices_.byte();
    streams_.resize(1 + choice % 4);
    most_ahead_ = limits[choice / 4 % 4];
  }

  void check() {
    deal();
    for (size_t i = 0; i < streams_.size(); ++i) streams_[i].verdict = {{}, dealt_, rows_};
    damage();
    std::string failure;
    Merger merger(streams_.size(), most_ahead_);
    try {
      merge(merger);
    } catch (const Failure& thrown) {
      require(thrown.status() == ExitStatus::bad_data, "the status is that of bad data");
      failure = thrown.what();
    }
    if (is_good_) require(failure.empty(), failure.c_str());
    if (is_doubled_ && !is_impossible_) {
      require(failure.find("come twice") != failure.npos, "what comes twice is called so");
    }
    if (!failure.empty()) return;
    require(merger.status() == expected_status(), "the status is that of who knows best");
    if (merger.status() != ExitStatus::complete) return;
    require(is_whole(merger), "what is called complete is complete");
    require(!is_lost_, "what is lost is missed");
  }

 private:
  /// Chooses which stream gets which range.
  void deal() {
    while (!choices_.are_over()) {
      const uint8_t step = choices_.byte();
      if (step == '.') break;
      Batch tile;
      tile.range = {dealt_, dealt_ + 1 + step / 16};
      tile.text = tile.range.size();
      tile.first_row = rows_;
      tile.rows = step / 16 % 3;
      dealt_ = tile.range.end;
      rows_ += tile.rows;
      streams_[step % streams_.size()].results.push_back(tile);
    }
  }

  /// Damages the streams, or not.
  void damage() {
    if (choices_.below(3) != 1) return;
    Stream& stream = streams_[choices_.below(streams_.size())];
    const size_t kind = choices_.below(7);
    if (kind < 4) {
      if (stream.results.empty()) return;
      const auto victim =
          stream.results.begin() + static_cast<ptrdiff_t>(choices_.below(stream.results.size()));
      if (kind == 0) stream.results.erase(victim);
      if (kind == 1) victim->range.end -= 1;
      if (kind == 2) victim->range.begin += 1;
      if (kind == 3) streams_[choices_.below(streams_.size())].results.push_back(*victim);
      // The parser of a stream refuses ranges that are out of order or empty, so the merger never
      // gets them.
      for (const Stream& damaged : streams_) {
        uint64_t position = 0;
        for (const Batch& result : damaged.results) {
          is_impossible_ |= result.range.begin < position || result.range.size() == 0;
          position = result.range.end;
        }
      }
      is_doubled_ = kind == 3;
      is_lost_ = true;
    } else if (kind == 4) {
      stream.verdict.total += 1 + choices_.byte();
      is_lost_ = true;
    } else if (kind == 5) {
      stream.verdict.rows += 1 + choices_.byte();
      is_lost_ = true;
    } else {
      // Each stream may fail. Then only some of its first results come.
      for (Stream& failed : streams_) {
        if (choices_.below(2)) continue;
        const size_t left = choices_.below(1 + failed.results.size());
        failed.results.resize(left);
        failed.verdict = {choices_.below(2) ? ExitStatus::neighbour_vanished : ExitStatus::io, 0,
                          0};
      }
    }
    is_good_ = !is_lost_;
  }

  void merge(Merger& merger) {
    if (is_impossible_) throw Failure(ExitStatus::bad_data, "seen before it comes to the merger");
    Hello hello;
    hello.inputs = {"in.csv"};
    for (size_t i = 0; i < streams_.size(); ++i) {
      merger.hello(i, std::to_string(i), hello);
    }
    while (!merger.is_over()) {
      std::vector<size_t> readable;
      for (size_t i = 0; i < streams_.size(); ++i) {
        if (!streams_[i].has_head && !streams_[i].has_ended) readable.push_back(i);
      }
      require(!readable.empty(), "until it is over, some stream can be read");
      show(merger, readable[choices_.below(readable.size())]);
      write(merger);
    }
  }

  void show(Merger& merger, size_t i) {
    Stream& stream = streams_[i];
    if (!stream.results.empty()) {
      stream.has_head = true;
      merger.head(i, stream.results.front());
      return;
    }
    stream.has_ended = true;
    if (!stream.verdict.is_complete()) failures_.push_back(stream.verdict.status);
    merger.end(i, stream.verdict);
  }

  void write(Merger& merger) {
    while (const auto due = merger.due()) {
      Stream& stream = streams_[*due];
      require(stream.has_head, "what is due has been shown");
      const Batch result = stream.results.front();
      if (most_ahead_ == 0) {
        require(result.range.begin == position_, "it begins where the last one ended");
      }
      require(merger.first_row(*due) == result.first_row, "and so do its rows");
      note(result.range);
      stream.results.pop_front();
      stream.has_head = false;
      merger.written(*due);
      require(merger.position() == position_, "position() is where the first gap is");
      require(parts_ - (position_ > 0) <= most_ahead_, "the parts ahead are not too many");
    }
  }

  void note(const Range& range) {
    written_.resize(std::max(written_.size(), range.end + 1));
    const bool touches_one_before = range.begin > 0 && written_[range.begin - 1];
    parts_ += 1 - touches_one_before - written_[range.end];
    for (uint64_t byte = range.begin; byte < range.end; ++byte) {
      require(!written_[byte], "nothing is written twice");
      written_[byte] = true;
    }
    while (written_[position_]) ++position_;
  }

  bool is_whole(const Merger& merger) const {
    return position_ == dealt_ && merger.position() == dealt_ && merger.next_row() == rows_ &&
           std::all_of(streams_.begin(), streams_.end(), [](const Stream& stream) {
             return stream.has_ended && stream.results.empty();
           });
  }

  ExitStatus expected_status() const {
    for (const ExitStatus status : failures_) {
      if (status != ExitStatus::neighbour_vanished) return status;
    }
    return failures_.empty() ? ExitStatus::complete : ExitStatus::neighbour_vanished;
  }

  Choices choices_;
  std::vector<Stream> streams_;
  size_t most_ahead_;
  std::vector<ExitStatus> failures_;  // in the order in which they were shown
  uint64_t dealt_ = 0;
  uint64_t rows_ = 0;
  std::vector<bool> written_;  // whether each byte of the input is, and a false behind the last one
  size_t parts_ = 0;           // how many parts are written, with gaps between them
  uint64_t position_ = 0;      // where the first gap is
  bool is_good_ = true;        // the merger may refuse nothing
  bool is_lost_ = false;       // the merger must refuse something
  bool is_doubled_ = false;
  bool is_impossible_ = false;  // no stream can look like that
};

}  // namespace

}  // namespace rowsum

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowsum;
  Run(Choices(data, size)).check();
  return 0;
}
