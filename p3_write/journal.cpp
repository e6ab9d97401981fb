// SPDX-License-Identifier: MIT
#include "p3_write/journal.h"

#include <xxhash.h>

#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace rowsum {

namespace {

constexpr unsigned journal_version = 2;
constexpr std::string_view title = "row sums journal, version ";

/// The last line: the checksum of all lines before it.
std::string checksum_line(const std::string& text) {
  return "checksum " + std::to_string(XXH3_64bits(text.data(), text.size())) + "\n";
}

}  // namespace

std::string encode(const Journal& journal) {
  const Journal::State& state = journal.state;
  std::ostringstream lines;
  lines << title << journal_version                                                             //
        << "\ninput " << journal.input.size << ' ' << journal.input.hash[0] << ' '              //
        << journal.input.hash[1]                                                                //
        << "\nrows " << std::quoted(journal.rows)                                               //
        << "\noptions " << std::quoted(journal.options)                                         //
        << "\noffset " << state.offset << "\nrow " << state.row << "\noutput " << state.output  //
        << "\nrejects " << state.rejects << ' ' << state.has_rejects << "\ncomplete "
        << state.is_complete << '\n';
  return lines.str() + checksum_line(lines.str());
}

Journal decode_journal(const std::string& text) {
  const std::invalid_argument damaged("damaged");
  const size_t last_line = text.rfind("\nchecksum ");
  if (!text.starts_with(title) || last_line == text.npos) throw damaged;
  const std::string lines = text.substr(0, last_line + 1);
  if (text.substr(lines.size()) != checksum_line(lines)) throw damaged;

  // A text with the right checksum has been written by encode() of this version or of another one.
  std::istringstream in(lines.substr(title.size()));
  Journal journal;
  Journal::State& state = journal.state;
  unsigned version = 0;
  std::string name;
  in >> version;
  if (version != journal_version) {
    throw std::invalid_argument("of version " + std::to_string(version) +
                                "; this program reads version " + std::to_string(journal_version));
  }
  in >> name >> journal.input.size >> journal.input.hash[0] >> journal.input.hash[1];
  in >> name >> std::quoted(journal.rows);
  in >> name >> std::quoted(journal.options);
  in >> name >> state.offset >> name >> state.row >> name >> state.output;
  in >> name >> state.rejects >> state.has_rejects >> name >> state.is_complete;
  if (!in) throw damaged;
  return journal;
}

}  // namespace rowsum
