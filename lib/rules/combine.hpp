// SPDX-License-Identifier: MIT
// One value that holds what both sides did to a field. Each returns nothing when the values are not of a kind that it
// can work on: a person has to look then. Values are texts of JSON, `null` where there is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether::rules {

struct Versions {
  std::string_view base;
  std::string_view ours;
  std::string_view theirs;
};

/// Of numbers: theirs, and what ours added to the base. No base counts as 0. Nothing, too, when the sum would take far
/// more digits than the numbers that it is made of, as 1e300 + 1 does: many such fields would blow up a record.
std::optional<std::string> counted(const Versions& versions);

/// Of arrays: each element of theirs that ours did not remove once, in their order, then what ours added. No base
/// counts as empty.
std::optional<std::string> united(const Versions& versions);

/// Of arrays or texts: theirs, and behind it what ours has behind the base, with which it must begin. No base counts as
/// empty.
std::optional<std::string> appended(const Versions& versions);

/// Of texts: line by line (text_merge.hpp). No base counts as empty.
std::optional<std::string> merged_lines(const Versions& versions);

}  // namespace tether::rules
