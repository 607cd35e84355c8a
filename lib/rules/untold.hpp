// SPDX-License-Identifier: MIT
// What a writer is not told, it must not find out by guessing either: whether its value of a hidden or masked field is
// the one that is stored shows in no answer. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/model.hpp"

namespace tether::rules {

/// Whether clients do not know what is stored there: the field is hidden or masked.
bool is_untold(const Model& model, std::string_view field);

/// The fields of a payload, as it is to be stored, whose stored value its writer could only guess: they count as
/// differing from it, whatever it is. Not those that are forced, as the writer chooses nothing there; nor a masked one
/// that is sent as null, as null is told as it is.
std::vector<std::string> guesses(const Model& model, std::string_view payload);

/// Whether the writer of a value that is not what is stored may be told so: not where that would say how the two
/// compare. Of a masked field it may where a rule refuses each value, or only the time of the edit decides.
bool tells_loss(const Model& model, std::string_view field);

}  // namespace tether::rules
