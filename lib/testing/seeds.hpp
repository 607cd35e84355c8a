// SPDX-License-Identifier: MIT
// Which histories a simulation runs: TETHER_SEED=… one alone, TETHER_HISTORIES=… another number of them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace tether::testing {

inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// From 1 to `usual`, unless the environment says otherwise.
inline std::vector<std::uint64_t> seeds(std::uint64_t usual) {
  if (const auto only = number_from("TETHER_SEED", 0); only != 0) return {only};
  std::vector<std::uint64_t> all(number_from("TETHER_HISTORIES", usual));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
  return all;
}

}  // namespace tether::testing
