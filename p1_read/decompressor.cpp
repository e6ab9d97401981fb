// SPDX-License-Identifier: MIT
#include "p1_read/decompressor.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/failure.h"
#include "common/io/descriptors.h"
#include "common/io/read_write.h"

namespace rowsum {

using namespace std::literals;

namespace {

/// The programs for a compression, with their options. The first one that is installed is taken.
///
/// All of them decompress every part of a file that consists of several. If the first bytes of a
/// part are damaged, it no longer looks like a part, but like something that somebody has appended.
/// Then rows are missing, so the run must not succeed (R3). gzip, zstd and xz fail in this case.
/// pigz fails if it is to be verbose. bzip2 only gives a warning; see check(). lbzip2 says nothing
/// and succeeds, so it is not used. Neither is pzstd, which loses text from before the damage.
std::vector<std::vector<std::string>> programs_for(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return {{"pigz", "-dcv"}, {"gzip", "-dc"}};
    case Compression::zstd:
      return {{"zstd", "-dc"}};
    case Compression::xz:
      return {{"xz", "-dc"}};
    case Compression::bzip2:
      return {{"bzip2", "-dc"}};
  }
  return {};
}

/// Options in these variables could silence warnings, or leave out parts.
constexpr std::string_view option_variables[] = {
    "GZIP=", "PIGZ=", "BZIP=", "BZIP2=", "XZ_OPT=", "XZ_DEFAULTS="};

std::vector<std::string> environment_without_options() {
  std::vector<std::string> environment = own_environment();
  for (const std::string_view name : option_variables) {
    std::erase_if(environment,
                  [name](const std::string& entry) { return entry.starts_with(name); });
  }
  return environment;
}

/// The first line of the standard error of a program. It has the cause; what may follow is advice.
/// Blank lines do not count, and neither does what a verbose pigz begins with.
std::string first_line(int file) {
  constexpr std::string_view beginning_of_pigz = "<stdin> to <stdout> ";
  std::array<char, 4096> bytes;
  std::string_view text(bytes.data(), pread_fully(file, bytes, 0, "standard error"));
  if (text.starts_with(beginning_of_pigz)) text.remove_prefix(beginning_of_pigz.size());
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  text = text.substr(0, text.find('\n'));
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

}  // namespace

std::string command_for(Compression compression) {
  const std::vector<std::string> words = programs_for(compression).back();
  return words[0] + " " + words[1];
}

std::optional<Compression> compression_of(std::string_view beginning) {
  const auto has = [beginning](std::string_view bytes, size_t at = 0) {
    return beginning.substr(std::min(at, beginning.size())).starts_with(bytes);
  };
  if (has("\x1f\x8b")) return Compression::gzip;
  if (has("\x28\xb5\x2f\xfd")) return Compression::zstd;
  // A frame without text, with which the files of pzstd begin.
  if (has("\x2a\x4d\x18", 1) && (beginning[0] & 0xf0) == 0x50) return Compression::zstd;
  if (has("\xfd\x37zXZ\0"sv)) return Compression::xz;
  // After the size of the blocks there is the first of them, or the end. A name in a header could
  // begin like the first four bytes.
  const bool has_block = has("1AY&SY", 4) || has("\x17\x72\x45\x38\x50\x90", 4);
  if (has("BZh") && has_block) return Compression::bzip2;
  return std::nullopt;
}

std::optional<Compression> compression_of(int file) {
  std::array<char, 10> beginning;
  try {
    const size_t n = pread_fully(file, beginning, 0, "");
    return compression_of(std::string_view(beginning.data(), n));
  } catch (const Failure&) {
    return std::nullopt;
  }
}

Decompressor::Decompressor(Compression compression, int file, const std::string& name)
    : compression_(compression),
      name_(name),
      errors_(::memfd_create("standard error", MFD_CLOEXEC)) {
  if (!errors_.is_open()) throw Failure::from_errno(ExitStatus::system, "memfd_create");
  const auto programs = programs_for(compression);
  for (const std::vector<std::string>& words : programs) {
    try {
      start(words, file);
      return;
    } catch (const Failure& failure) {
      if (&words == &programs.back())
        throw Failure(failure.status(), name_ + ": " + failure.what());
    }
  }
}

Decompressor::~Decompressor() {
  if (pid_ != 0) bury();
}

void Decompressor::start(const std::vector<std::string>& words, int file) {
  auto [text, writing_end] = make_pipe();
  widen_pipe(text.get());
  program_ = words[0];
  pid_ = start_process({.words = words,
                        .environment = environment_without_options(),
                        .in = file,
                        .out = writing_end.get(),
                        .err = errors_.get(),
                        .signal_at_death = SIGKILL,
                        .leads_session = true});
  text_ = std::move(text);
  exit_ = watch(pid_);
  if (exit_.is_open()) return;
  const Failure failure = Failure::from_errno(ExitStatus::system, "cannot watch " + program_);
  bury();
  throw Failure(failure);
}

std::optional<size_t> Decompressor::read_some(std::span<char> into) {
  if (text_.is_open()) {
    const size_t n = rowsum::read_some(text_.get(), into, name_);
    if (n > 0) return n;
    text_.close();
    return std::nullopt;
  }
  if (pid_ != 0) check(bury());
  return 0;
}

Fate Decompressor::bury() {
  // Until the program is waited for, no other group can have its number.
  ::kill(-pid_, SIGKILL);
  return wait_for(std::exchange(pid_, 0));
}

void Decompressor::check(const Fate& fate) const {
  const std::string said = first_line(errors_.get());
  const bool has_warned = compression_ == Compression::bzip2 && !said.empty();
  if (!fate.was_killed && fate.code == 0 && !has_warned) return;
  const std::string how = name_ + ": " + program_ + " " + fate.describe();
  throw Failure(ExitStatus::bad_data, said.empty() ? how : how + ": " + said);
}

}  // namespace rowsum
