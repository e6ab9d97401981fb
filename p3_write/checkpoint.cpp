// SPDX-License-Identifier: MIT
#include "p3_write/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "common/base/failure.h"
#include "common/base/report.h"
#include "common/io/death_by_signal.h"
#include "common/io/read_write.h"

namespace rowsum {

namespace {

using Clock = std::chrono::steady_clock;

/// Saving may take a twentieth of the time. What a run does between two saves, and may lose, is a
/// few seconds' work.
constexpr int pause_per_cost = 19;
constexpr Clock::duration longest_pause = std::chrono::seconds(2);

/// The most bytes of a journal: a name of 4096 bytes and a command of 128 KiB, all of them escaped.
constexpr size_t longest = 1 << 20;

/// What the hello says of the rows and of the lines, as options.
std::string rules_of(const Hello& hello) {
  std::string text = "--delimiter=" + std::string(1, hello.dialect.delimiter);
  if (hello.header == HeaderRow::skip) text += " --header";
  if (hello.header == HeaderRow::repeat) text += " --header=repeat";
  if (hello.fields.are_selected()) text += " --fields=" + hello.fields.list;
  if (hello.fields.complement) text += " --complement";
  if (hello.fields.empty_is_zero) text += " --empty=zero";
  if (hello.lines == LineKind::any) text += " --lines=any";
  if (!hello.command.empty()) text += " " + hello.command;
  return text;
}

/// The options that shape the files. Options for sharing out the work do not.
std::string shaping(const WriteOptions& options) {
  std::string text = options.skip_rejects ? "--on-error=skip" : "--on-error=fail";
  if (options.form.crlf) text += " --crlf";
  if (!options.form.has_index) text += " --no-index";
  if (options.form.is_json) text += " --format=jsonl";
  if (options.form.delimiter != ',') {
    text += std::string(" --output-delimiter=") + options.form.delimiter;
  }
  if (options.form.has_header) text += " --output-header";
  if (!options.rejects.empty()) text += " --rejects=" + options.rejects;
  return text;
}

}  // namespace

Checkpoint::Checkpoint(const WriteOptions& options, Output& output, Output* rejects)
    : output_(output),
      rejects_(rejects),
      path_(output.path() + ".journal"),
      name_(options.output + ".journal") {
  read(options);
  const bool is_valid = journal_.state.offset > 0 && has(output_, journal_.state.output) &&
                        (!rejects_ || has(*rejects_, journal_.state.rejects));
  if (!is_valid) journal_ = {};
  if (output_.size() < journal_.state.output) output_.leave_alone();
  if (rejects_ && rejects_->size() < journal_.state.rejects) rejects_->leave_alone();
  journal_.options = shaping(options);
}

void Checkpoint::read(const WriteOptions& options) {
  const OwnedFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return;
  if (!file.is_open()) throw Failure::from_errno(ExitStatus::cannot_create, name_);
  std::string text(longest, '\0');
  text.resize(pread_fully(file.get(), text, 0, name_));
  try {
    journal_ = decode_journal(text);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  const bool is_begun = journal_.state.offset > 0;  // otherwise there is nothing to go on with
  if (is_begun && journal_.options != shaping(options)) {
    refuse("of a run with " + printable(journal_.options, longest) + " and not " +
           printable(shaping(options), longest));
  }
}

bool Checkpoint::has(const Output& file, uint64_t length) const {
  return file.size() >= length || (journal_.state.is_complete && file.is_there_already(length));
}

void Checkpoint::accept(const Hello& hello) {
  Journal now = journal_;
  now.input = hello.identity;
  now.rows = rules_of(hello);
  if (journal_.state.offset > 0 && now != journal_) {
    if (now.input != journal_.input) {
      refuse("of another input than " + hello.inputs.front() + ", or it has changed since");
    }
    refuse("of a run with " + printable(journal_.rows, longest) + " and not " +
           printable(now.rows, longest));
  }
  if (hello.begin != journal_.state.offset) throw std::logic_error("a hello of another place");
  journal_ = now;
  output_.cut(journal_.state.output);
  if (rejects_) rejects_->cut(journal_.state.rejects);
  is_accepted_ = true;
  save();
  report_on_signals("interrupted; the same command goes on");
  if (journal_.state.offset > 0) {
    report("going on at row " + std::to_string(journal_.state.row) + ", byte " +
           std::to_string(journal_.state.offset) + " of " + std::to_string(hello.identity.size) +
           " (" + hello.inputs.front() + ")");
  }
}

void Checkpoint::note(const Journal::State& state) {
  journal_.state = state;
  if (Clock::now() >= next_save_) save();
}

void Checkpoint::save() {
  const Clock::time_point begin = Clock::now();
  output_.sync();
  if (rejects_) rejects_->sync();
  replace_file(path_, encode(journal_), name_);
  const Clock::time_point end = Clock::now();
  next_save_ = end + std::min(pause_per_cost * (end - begin), longest_pause);
}

void Checkpoint::complete() {
  journal_.state.is_complete = true;
  save();
}

void Checkpoint::remove() {
  report_on_signals(nullptr);
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    throw Failure::from_errno(ExitStatus::cannot_create, name_);
  }
}

void Checkpoint::refuse(const std::string& why) const {
  throw Failure(ExitStatus::bad_data, name_ + ": " + why + "; remove it to begin anew");
}

}  // namespace rowsum
