// SPDX-License-Identifier: MIT
#include "rules/index.hpp"

#include <algorithm>

namespace tether::rules {

namespace {

constexpr std::size_t k_scan_max = 16;

}  // namespace

Index::Index(const std::vector<protocol::Member>& all) : all_(all) {
  if (all.size() <= k_scan_max) return;
  by_key_.reserve(all.size());
  for (const auto& member : all) by_key_.emplace(protocol::unescaped(member.key), &member);
}

const protocol::Member* Index::find(std::string_view key) const {
  if (all_.size() <= k_scan_max) {
    const auto found =
        std::ranges::find_if(all_, [&](const protocol::Member& member) { return protocol::same_key(member.key, key); });
    return found == all_.end() ? nullptr : &*found;
  }
  const auto found = by_key_.find(protocol::unescaped(key));
  return found == by_key_.end() ? nullptr : found->second;
}

}  // namespace tether::rules
