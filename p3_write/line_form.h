// The output's lines in other forms than p2_sum prints them in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowsum {

struct LineForm {
  bool crlf = false;      // CR LF at the end, as Python's csv.writer has it
  bool has_index = true;  // "index,sum"; otherwise only the sum

  bool is_plain() const { return !crlf && has_index; }
};

/// `lines`, each "index,sum" and LF, in the form asked for, with `base` added to every index.
/// Throws Failure(bad_data) for lines that are not so, as another program's worker may send them;
/// `name` is that of their stream.
std::string reformat(std::string_view lines, const LineForm& form, uint64_t base,
                     const std::string& name);

}  // namespace rowsum
