// SPDX-License-Identifier: MIT
#include "p1_read/part_options.h"

#include <charconv>

#include "common/base/arguments.h"
#include "p1_read/divided_file.h"

namespace rowsum {

namespace po = boost::program_options;

namespace {

/// Whether all of `text` is a number.
bool parse_number(std::string_view text, uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

Part parse_part(const std::string& text) {
  const size_t slash = text.find('/');
  Part part;
  const bool is_part = slash != text.npos && parse_number({text.data(), slash}, part.number) &&
                       parse_number(std::string_view(text).substr(slash + 1), part.of);
  if (!is_part || part.number == 0 || part.number > part.of || part.of > most_parts) {
    throw usage_failure("--part: '" + text + "' is no part such as 3/64, of " +
                        std::to_string(most_parts) + " at most");
  }
  return part;
}

void exclude(const po::variables_map& values, const std::string& option,
             std::initializer_list<const char*> others) {
  for (const char* const other : others) {
    if (values.count(other)) {
      throw usage_failure("--" + option + " and --" + other + " exclude each other");
    }
  }
}

}  // namespace

void PartArguments::add_to(po::options_description& options) {
  auto add = options.add_options();
  add("part", po::value(&part_)->value_name("I/N"),
      "the I-th N-th of the one plain FILE, counted from 1; with --outline or --plan");
  add("outline", po::value(&outline_)->value_name("FILE"),
      "write the outline of the part into FILE, and deal nothing; -: standard output");
  add("fold", po::bool_switch(&folds_),
      "the FILEs are the outlines of all parts: print the plan that follows from them");
  add("plan", po::value(&plan_)->value_name("FILE"), "deal the rows of the part, as in this plan");
}

std::optional<PartOptions> PartArguments::parse(const po::variables_map& values) const {
  const bool has_outline = values.count("outline") > 0, has_plan = values.count("plan") > 0;
  if (folds_) {
    exclude(values, "fold", {"part", "outline", "plan", "workers", "to"});
    return PartOptions{{}, "", "", true};
  }
  if (!values.count("part")) {
    if (has_outline) throw usage_failure("--outline needs --part");
    if (has_plan) throw usage_failure("--plan needs --part");
    return std::nullopt;
  }
  if (!has_outline && !has_plan) {
    throw usage_failure(values.count("workers") ? "--part needs --plan"
                                                : "--part needs --outline or --plan");
  }
  if (has_outline) exclude(values, "outline", {"plan", "workers", "to"});
  if (has_outline && outline_.empty()) throw usage_failure("--outline: an empty name");
  if (has_plan && plan_.empty()) throw usage_failure("--plan: an empty name");
  return PartOptions{parse_part(part_), outline_, plan_, false};
}

}  // namespace rowsum
