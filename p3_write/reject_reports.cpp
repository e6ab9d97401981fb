// SPDX-License-Identifier: MIT
#include "p3_write/reject_reports.h"

#include "common/base/report.h"
#include "p3_write/reject_hint.h"

namespace rowsum {

RejectReports::RejectReports(const WriteOptions& options)
    : most_(options.reports), file_(options.rejects) {}

void RejectReports::add(const std::string& place, const Reject& reject, uint64_t row,
                        const Hello& hello) {
  if (++count_ > most_) return;
  std::string line = place + ": " + reject.reason;
  for (const std::string& hint : hints_about(reject, row, hello)) {
    const std::string condition = hint.substr(0, hint.find(':'));
    if (hints_.insert(condition).second) line += "; " + hint;
  }
  report(line);
  told_ = count_;
}

void RejectReports::report_rest(bool are_kept) {
  if (told_ == count_) return;
  const uint64_t rest = count_ - told_;
  std::string line = told_ > 0 ? "and " : "";
  line += std::to_string(rest) + (told_ > 0 ? " more" : "") + (rest == 1 ? " reject" : " rejects");
  if (are_kept && file_ != "-") {
    line += "; " + (file_.empty() ? "--rejects FILE" : file_) + " has them all";
  }
  report(line);
  told_ = count_;
}

}  // namespace rowsum
