// SPDX-License-Identifier: MIT
#include "p3_write/result_writer.h"

#include <unistd.h>

#include "common/base/arguments.h"
#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

Output open_output(const std::string& path, bool resume) {
  return resume ? Output::partial(path) : Output(path);
}

}  // namespace

ResultWriter::ResultWriter(const WriteOptions& options)
    : options_(options), output_(open_output(options.output, options.resume)), reports_(options) {
  if (!options.rejects.empty()) rejects_.emplace(open_output(options.rejects, options.resume));
  if (!options.resume) return;
  checkpoint_.emplace(options, output_, rejects_ ? &*rejects_ : nullptr);
  output_size_ = checkpoint_->state().output;
  rejects_size_ = checkpoint_->state().rejects;
  has_rejects_ = checkpoint_->state().has_rejects;
}

bool ResultWriter::may_be_seen() const {
  const auto may_be_seen = [](int fd) { return ::isatty(fd) || is_pipe_or_socket(fd); };
  return may_be_seen(output_.fd()) || (rejects_ && may_be_seen(rejects_->fd()));
}

void ResultWriter::begin(const Hello& hello) {
  options_.form.lines = hello.lines;
  if (hello.lines == LineKind::any && (options_.form.has_header || !options_.form.is_plain())) {
    throw usage_failure("lines of --lines=any are written as they are");
  }
}

void ResultWriter::write_header_line(const StreamParser& stream, std::string_view line) {
  if (line.empty()) return;
  const bool is_any = stream.hello().lines == LineKind::any;
  if (is_any) check_header_line(stream, line);
  if (output_size_ > 0) return;
  if (is_any) return write_output(line);
  write_output(header_line(options_.form, line.substr(0, line.size() - 1)));
}

void ResultWriter::check_header_line(const StreamParser& stream, std::string_view line) {
  if (any_header_.empty()) any_header_ = line;
  if (line == any_header_) return;
  const auto shown = [](std::string_view text) {
    return "'" + printable(text.substr(0, text.size() - 1)) + "'";
  };
  throw Failure(ExitStatus::bad_data,
                stream.hello().inputs[stream.batch().input] + ": one answer begins with " +
                    shown(any_header_) + " and another with " + shown(line) +
                    ", but --header=repeat takes these lines for a header; try --header");
}

uint64_t ResultWriter::write(const StreamParser& stream, uint64_t first_row) {
  const Batch batch = stream.batch();
  if (batch.input != input_) {
    input_ = batch.input;
    // Out of order, the first result of an input need not be its beginning.
    origin_ = options_.unordered ? 0 : batch.range.begin;
    origin_row_ = options_.unordered ? 0 : first_row;
  }
  write_header();
  const std::vector<Reject> rejects = stream.rejects();
  if (!rejects.empty() && !options_.skip_rejects) {
    ++rejects_in_run_;
    write_lines(stream, rejects.front().lines_before, first_row);
    report_reject(stream, rejects.front(), first_row);
    save_what_there_is();
    throw Failure::silent(ExitStatus::bad_data);
  }
  write_lines(stream, stream.text().size(), first_row);
  rejects_in_run_ += rejects.size();
  for (const Reject& reject : rejects) {
    has_rejects_ = true;
    report_reject(stream, reject, first_row);
    if (rejects_) rejects_->write(reject.bytes);
    rejects_size_ += reject.bytes.size();
  }
  return rejects.size();
}

void ResultWriter::note_progress(uint64_t offset, uint64_t row) {
  if (checkpoint_) {
    checkpoint_->note(
        {offset, row, output_size_, rejects_ ? rejects_size_ : 0, has_rejects_, false});
  }
}

void ResultWriter::save_what_there_is() {
  reports_.report_rest(false);
  if (checkpoint_ && checkpoint_->is_accepted()) checkpoint_->save();
}

ExitStatus ResultWriter::commit() {
  write_header();  // there may have been no results
  if (checkpoint_) checkpoint_->complete();
  if (rejects_) {
    // The sums are synced before the rejects are committed: if the sync fails, the old file of
    // rejects stays as well.
    output_.sync();
    rejects_->commit();
  }
  output_.commit();
  if (checkpoint_) checkpoint_->remove();
  reports_.report_rest(true);
  return has_rejects_ ? ExitStatus::some_rejected : ExitStatus::complete;
}

void ResultWriter::write_header() {
  if (!options_.form.has_header || output_size_ > 0) return;
  write_output(header_line(options_.form, name_of_values(options_.form)));
}

void ResultWriter::write_lines(const StreamParser& stream, size_t length, uint64_t first_row) {
  const std::string_view lines = stream.text().substr(0, length);
  if (stream.hello().lines == LineKind::any) return write_output(lines);
  const uint64_t base = stream.batch().first_row == unknown_row ? first_row : 0;
  if (options_.form.is_plain() && base == 0) {
    write_output(lines);
  } else {
    write_output(reformat(lines, options_.form, base, stream.name()));
  }
}

void ResultWriter::write_output(std::string_view bytes) {
  output_.write(bytes);
  output_size_ += bytes.size();
}

void ResultWriter::report_reject(const StreamParser& stream, const Reject& reject,
                                 uint64_t first_row) {
  const uint64_t row = first_row + reject.row;
  std::string place = stream.hello().inputs[input_] + ": row " + std::to_string(row);
  if (reject.field > 0) place += ", field " + std::to_string(reject.field);
  const std::string of = options_.unordered && input_ > 0 ? " of all inputs" : "";
  place += " (";
  if (origin_row_ > 0) place += "row " + std::to_string(row - origin_row_) + " of the file, ";
  place += "byte " + std::to_string(reject.offset - origin_) + of + ")";
  reports_.add(place, reject, row, stream.hello());
}

}  // namespace rowsum
