// SPDX-License-Identifier: MIT
// Payloads as sets of fields: what changed, what it was before, and one put over another. Pure; values are compared and
// kept as the text that they were written in, except where two texts of one value must count as equal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether::rules {

/// `base` with the members of `patch` put over it: order of `base`, then new members in the order of `patch`. Explicit
/// nulls are values like any other.
std::string overlay(std::string_view base, std::string_view patch);

/// Whether two values mean the same: equal after white space, key order inside objects and escapes in strings are set
/// aside. Numbers are compared as text: 2 and 2.0 differ, since they come back as they were written.
bool same_value(std::string_view a, std::string_view b);

/// The one text that all texts of the same value (`same_value`) have in common: to look values up, never to store.
std::string canonical(std::string_view value);

/// The text that a string stands for; nothing for a value of another kind.
std::optional<std::string> text_value(std::string_view value);

bool is_array(std::string_view value);
/// The elements of an array, as they are written.
std::vector<std::string_view> elements(std::string_view array);

/// Whether two objects have the same members with the same values, in whatever order.
bool same_fields(std::string_view a, std::string_view b);

/// The members of `patch` whose value in `base` differs or is missing there: an object. What `update` really changes.
std::string changes(std::string_view base, std::string_view patch);

/// For each member of `changed`, its value in `base`, or null where it had none: the `before` of a mutation.
std::string earlier_values(std::string_view base, std::string_view changed);

/// The members of `object` that `selection` names.
std::string selected(std::string_view object, std::string_view selection);

/// `payload` with the values of `before` put back: what the writer of a mutation had seen.
std::string as_before(std::string_view payload, std::string_view before);

/// Whether `object` has every member that `other` has.
bool covers(std::string_view object, std::string_view other);

/// The names (unescaped) of the members of `object`, in their order.
std::vector<std::string> field_names(std::string_view object);

/// The names (unescaped) of all fields that have the same value in both objects, in the order of `a`.
std::vector<std::string> same_valued_fields(std::string_view a, std::string_view b);

/// The names (unescaped) of all fields in which the two objects differ, in the order of `a`, then of `b`.
std::vector<std::string> differing_fields(std::string_view a, std::string_view b);

}  // namespace tether::rules
