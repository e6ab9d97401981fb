#include "p3_write/result_writer.h"

#include "common/base/failure.h"
#include "common/base/report.h"

namespace rowsum {

ResultWriter::ResultWriter(const WriteOptions& options)
    : options_(options),
      output_(options.output.empty() ? Output::standard_output() : Output(options.output)) {
  if (!options.rejects.empty()) rejects_.emplace(options.rejects);
}

void ResultWriter::write(const StreamParser& stream, uint64_t first_row) {
  const Batch batch = stream.batch();
  if (batch.input != input_) {
    input_ = batch.input;
    origin_ = batch.range.begin;
  }
  std::string_view lines = stream.text();
  const std::vector<Reject> rejects = stream.rejects();
  if (!rejects.empty() && !options_.skip_rejects) {
    write_lines(lines.substr(0, rejects.front().lines_before), batch, first_row);
    report_reject(stream, rejects.front(), first_row);
    throw Failure::silent(ExitStatus::bad_data);
  }
  write_lines(lines, batch, first_row);
  for (const Reject& reject : rejects) {
    has_rejects_ = true;
    report_reject(stream, reject, first_row);
    if (rejects_) rejects_->write(reject.bytes);
  }
}

void ResultWriter::keep_rejects() {
  if (rejects_) rejects_->commit();
}

ExitStatus ResultWriter::commit() {
  keep_rejects();
  output_.commit();
  return has_rejects_ ? ExitStatus::some_rejected : ExitStatus::complete;
}

void ResultWriter::write_lines(std::string_view lines, const Batch& batch, uint64_t first_row) {
  const uint64_t base = batch.first_row == unknown_row ? first_row : 0;
  if (options_.form.is_plain() && base == 0) {
    output_.write(lines);
  } else {
    output_.write(reformat(lines, options_.form, base));
  }
}

void ResultWriter::report_reject(const StreamParser& stream, const Reject& reject,
                                 uint64_t first_row) const {
  const std::string row =
      stream.hello().inputs[input_] + ": row " + std::to_string(first_row + reject.row);
  const std::string byte = " (byte " + std::to_string(reject.offset - origin_) + "): ";
  if (reject.field == 0) return report(row + byte + "every p2_sum that is given it dies");
  report(row + ", field " + std::to_string(reject.field) + byte + "'" + printable(reject.value) +
         "' is not an integer");
}

}  // namespace rowsum
