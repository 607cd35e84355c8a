// SPDX-License-Identifier: MIT
// The members of a JSON object whose names have to be told apart beyond doubt: in what says who somebody is, a name
// given twice would be read one way here and another way elsewhere.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether::service {

/// Names to the texts of their values, which point into the object's text.
using JsonMembers = std::map<std::string, std::string_view, std::less<>>;

/// nullopt: `text` is not one valid JSON object with each of its members once.
std::optional<JsonMembers> json_members(std::string_view text);

// Each nullopt where there is no such member, or of another kind.
std::optional<std::string> text_member(const JsonMembers& members, std::string_view name);
std::optional<double> number_member(const JsonMembers& members, std::string_view name);
/// An array of texts.
std::optional<std::vector<std::string>> texts_member(const JsonMembers& members, std::string_view name);

}  // namespace tether::service
