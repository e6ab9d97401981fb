// SPDX-License-Identifier: MIT
#include "p1_read/run_trace.h"

namespace rowsum {

namespace {

constexpr TraceLane own_lane{TraceProcess::p1_read};

TraceLane lane_of(size_t place) {
  return {TraceProcess::workers, place};
}

}  // namespace

RunTrace::RunTrace(const std::string& path) : file_(TraceFile::join(path)) {
  file_.name(TraceProcess::p1_read, "p1_read");
  file_.name(own_lane, "p1_read");
  file_.name(TraceProcess::workers, "workers");
}

void RunTrace::started(size_t place, unsigned life, RunClock::time_point now) {
  if (life == 0) file_.name(lane_of(place), "place " + std::to_string(place));
  file_.instant(lane_of(place), "start", now, {{"life", life}});
}

void RunTrace::done(size_t place, const Work& work) {
  bar(place, work.item.is_chunk ? "scan" : "batch", work);
}

void RunTrace::died(size_t place, const WorkerDeath& death) {
  if (death.undone) bar(place, "undone", *death.undone);
  const char* const how = death.is_hung ? "hung" : death.fate.was_killed ? "signal" : "status";
  file_.instant(lane_of(place), "death", death.time,
                {{"life", death.life}, {how, static_cast<uint64_t>(death.fate.code)}});
}

void RunTrace::waited(const TimeSpan& time, bool for_input) {
  file_.wait(own_lane, for_input ? "waiting for input" : "waiting for workers", time.begin,
             time.end, {});
}

void RunTrace::finished(const WriterNews&, RunClock::time_point) {
  file_.flush();
}

void RunTrace::bar(size_t place, const char* name, const Work& work) {
  const auto [begin, end] = work.time;
  const Batch& batch = work.item.batch;
  if (work.item.is_chunk) {
    file_.bar(lane_of(place), name, begin, end,
              {{"begin", batch.range.begin}, {"end", batch.range.end}});
  } else {
    file_.bar(lane_of(place), name, begin, end,
              {{"begin", batch.range.begin},
               {"end", batch.range.end},
               {"first_row", batch.first_row},
               {"rows", batch.rows}});
  }
}

}  // namespace rowsum
