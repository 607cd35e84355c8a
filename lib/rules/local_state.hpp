// SPDX-License-Identifier: MIT
// What a record looks like on this laptop: the server state last seen with the still open mutations laid over it,
// oldest first. Pull, push and replay all come to a record's state by this one fold, so they cannot disagree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/messages.hpp"

namespace tether::rules {

struct LocalState {
  bool exists = false;  // false: nothing is known of this entity
  bool deleted = false;
  std::string payload = "{}";
  bool operator==(const LocalState&) const = default;
};

/// `state` after one more mutation. Of an update with `before` only the fields named there are laid over, so that what
/// someone else changed meanwhile shows through; without it (an adopted file) the whole payload is. An update of a
/// deleted or unknown entity changes nothing: the server will say what becomes of it. A create revives.
LocalState after(LocalState state, protocol::Operation operation, std::string_view payload,
                 const std::optional<std::string>& before);

/// `state`, which lies over `server`, after a mutation that the server took although an older one is open still: the
/// fields that it wrote are what the server has, and no more what the older one wanted.
LocalState after_taken(LocalState state, const LocalState& server, protocol::Operation operation,
                       std::string_view payload, const std::optional<std::string>& before);

}  // namespace tether::rules
