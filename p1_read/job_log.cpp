// SPDX-License-Identifier: MIT
#include "p1_read/job_log.h"

#include <cstdio>

#include "common/base/report.h"

namespace rowsum {

namespace {

/// As "%*.3f" of printf(3).
std::string seconds(double value, int width = 0) {
  char text[64];
  ::snprintf(text, sizeof text, "%*.3f", width, value);
  return text;
}

/// A comment for the shell.
std::string rows_of(const Batch& batch) {
  if (batch.rows == 0) return " # no rows";
  const uint64_t last = batch.first_row + batch.rows - 1;
  return " # rows " + std::to_string(batch.first_row) + "-" + std::to_string(last);
}

}  // namespace

JobLog::JobLog(const std::string& path, const std::string& task)
    : file_(path, LogFile::Mode::create),
      task_(printable(task, task.size())),
      clocks_apart_(std::chrono::system_clock::now().time_since_epoch() -
                    RunClock::now().time_since_epoch()) {
  file_.add("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n");
}

void JobLog::done(size_t, const Work& work) {
  // Nobody has answered a row that was refused: the tries before have lines.
  if (!work.item.is_refused) add(work, 0, 0);
}

void JobLog::died(size_t, const WorkerDeath& death) {
  if (!death.undone || death.undone->item.is_refused) return;
  const Fate& fate = death.fate;
  add(*death.undone, fate.was_killed ? 0 : fate.code, fate.was_killed ? fate.code : 0);
}

void JobLog::finished(const WriterNews&, RunClock::time_point) {
  file_.flush();
}

void JobLog::add(const Work& work, int status, int signal) {
  if (work.item.is_chunk) return;
  using Seconds = std::chrono::duration<double>;
  const Seconds begin = work.time.begin.time_since_epoch() + clocks_apart_;
  const Seconds length = work.time.length();
  const Batch& batch = work.item.batch;
  file_.add(std::to_string(++lines_) + "\t:\t" + seconds(begin.count()) + "\t" +
            seconds(length.count(), 10) + "\t" + std::to_string(batch.text) + "\t0\t" +
            std::to_string(status) + "\t" + std::to_string(signal) + "\t" + task_ + rows_of(batch) +
            "\n");
}

}  // namespace rowsum
