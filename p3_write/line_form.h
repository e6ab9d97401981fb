// Changes the lines of the output to other forms than the one in which p2_sum prints them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowsum {

struct LineForm {
  bool crlf = false;      // CR LF at the end, as Python's csv.writer writes it
  bool has_index = true;  // "index,sum"; otherwise only the sum

  bool is_plain() const { return !crlf && has_index; }
};

/// Returns `lines`, each of which is "index,sum" and LF, in the form asked for, with `base` added
/// to every index. Throws Failure(bad_data) for other lines, which a worker other than p2_sum may
/// send. `name` is the name of their stream.
std::string reformat(std::string_view lines, const LineForm& form, uint64_t base,
                     const std::string& name);

}  // namespace rowsum
