// SPDX-License-Identifier: MIT
// Finds members of one object by key: by scanning while it is small, as payloads are.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/payload.hpp"

namespace tether::rules {

class Index {
 public:
  /// `all` outlives the index.
  explicit Index(const std::vector<protocol::Member>& all);

  /// Null where there is none. `key` as written between quotes: "a" and "\u0061" find the same.
  const protocol::Member* find(std::string_view key) const;

 private:
  const std::vector<protocol::Member>& all_;
  std::unordered_map<std::string, const protocol::Member*> by_key_;
};

}  // namespace tether::rules
