// SPDX-License-Identifier: MIT
// Verbs for tests of merging: records of one field `f`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/merge.hpp"

namespace tether::rules {

using Names = std::vector<std::string>;

inline Strategies all(Strategy strategy) {
  Strategies strategies;
  strategies.set("*", strategy);
  return strategies;
}

/// The merge of one field `f`.
struct Field {
  std::string_view base;
  std::string_view ours;
  std::string_view theirs;
};

inline std::string object(std::string_view value) {
  return "{\"f\":" + std::string(value) + "}";
}

inline Merge merged(Strategy strategy, const Field& field, bool ours_is_later = false) {
  return merge({.before = object(field.base),
                .ours = object(field.ours),
                .theirs = object(field.theirs),
                .ours_is_later = ours_is_later},
               all(strategy));
}

}  // namespace tether::rules
