#include "p3_write/reject_reports.h"

#include <algorithm>

#include "common/base/report.h"

namespace rowsum {

// A reject that ends the run is the failure, and not one of many.
RejectReports::RejectReports(const WriteOptions& options)
    : most_(options.skip_rejects ? options.reports : 1), file_(options.rejects) {}

void RejectReports::add(const std::string& place, const std::string& reason) {
  if (++count_ > most_) return;
  report(place + ": " + reason);
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
