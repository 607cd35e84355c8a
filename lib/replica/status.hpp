// SPDX-License-Identifier: MIT
// "Is my work safe on the server yet?" Health is the age and the reason of the oldest unsent change. Costs the same
// with a million synced rows as with none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "replica/file.hpp"

namespace tether::replica {

struct OldestUnsent {
  MutationId mutation_id;
  std::int64_t age_ms = 0;
  /// "not pushed yet", "rejected: validation_failed", that it is sent again after a restore, or why the last session
  /// ended early: "server unreachable: …", "refused by the server: …", "the server's answer makes no sense: …"
  std::string reason;
};

struct Status {
  std::int64_t pending = 0;    // pending and syncing
  std::int64_t failed = 0;     // not settled by a person
  std::int64_t conflicts = 0;  // open
  std::optional<Cursor> cursor;
  std::string last_sync_at;                   // when the server last took part; empty: never
  std::optional<OldestUnsent> oldest_unsent;  // of pending and failed
};

Status status(File& file);

}  // namespace tether::replica
