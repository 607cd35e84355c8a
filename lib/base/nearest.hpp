// SPDX-License-Identifier: MIT
// "Did you mean …?": the word that was probably meant by one that nobody knows.
#pragma once

#include <string_view>
#include <vector>

namespace tether {

/// The candidate that `word` was probably meant to be, or an empty view.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tether
