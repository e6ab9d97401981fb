// SPDX-License-Identifier: MIT
// Outlines and plans as text: JSON, by cereal. They go from machine to machine, so nothing in them
// is believed before it has been looked at.
#pragma once

#include <string>
#include <string_view>

#include "p1_read/plan.h"

namespace rowsum {

std::string to_json(const PartOutline& outline);
std::string to_json(const Plan& plan);

/// `name` is for messages. Throws Failure(bad_data) with one line if `json` is nothing that
/// to_json() has made, or if it has been damaged so that there can be no such file. Damage that
/// remains shows when the parts are dealt.
PartOutline parse_outline(std::string_view json, const std::string& name);
Plan parse_plan(std::string_view json, const std::string& name);

/// Reads a file of no more than 64 MiB; a plan of the most parts is smaller. Throws
/// Failure(no_input), Failure(io), and Failure(bad_data) for a longer one.
std::string read_part_file(const std::string& path);

}  // namespace rowsum
