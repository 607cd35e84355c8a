// SPDX-License-Identifier: MIT
// Two edits of one text merged line by line, as `git merge-file` does. A line ends behind its newline, whatever stands
// in front of that belongs to it: line endings, and a last line without one, stay as their writer left them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether::rules {

/// `base` with both changes. Nothing when a person has to look: both changed the same lines, or lines next to each
/// other, in different ways; or comparing them would cost too much: more than 50,000 lines, or a great many of them
/// moved (line_diff.hpp).
/// Exchanging `ours` and `theirs` changes nothing.
std::optional<std::string> merged_text(std::string_view base, std::string_view ours, std::string_view theirs);

}  // namespace tether::rules
