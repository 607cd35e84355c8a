// SPDX-License-Identifier: MIT
// Every client that was seen, how far it has read, and which are shut out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/strong.hpp"
#include "sql/database.hpp"

namespace tether::authority {

/// What was seen of one client of a scope since the last time it was noted.
struct Sighting {
  std::string client_id;
  std::int64_t seen_ms = 0;
  std::optional<std::int64_t> push_ms;
  std::optional<std::int64_t> pull_ms;
  std::optional<std::int64_t> cursor_us;  // that the last pull was given
};

struct Device {
  Scope scope;
  ClientId client;
  std::int64_t first_seen_ms = 0;
  std::optional<std::int64_t> last_push_ms;
  std::optional<std::int64_t> last_pull_ms;
  std::optional<std::int64_t> cursor_us;
  std::optional<std::int64_t> lag_us;  // of the cursor behind the scope's clock; none where either is not there
  std::optional<std::int64_t> revoked_ms;
};

/// All of one scope with one statement. In the order of their ids, so that two programs never wait for each other.
void note_devices(sql::Transaction& transaction, const Scope& scope, std::span<const Sighting> sightings);
/// Ordered by scope and client.
std::vector<Device> devices(sql::Database& database);

/// From now on the client may neither push nor pull, also one that was never seen; its records stay.
void revoke_device(sql::Database& database, const Scope& scope, const ClientId& client, std::int64_t now_ms);
/// False when it was not revoked.
bool restore_device(sql::Database& database, const Scope& scope, const ClientId& client);
/// One keyed read.
bool is_revoked(sql::Database& database, const Scope& scope, const ClientId& client);

/// Forgets those that were not seen since, of every scope; not who is revoked. Returns how many.
std::int64_t forget_devices(sql::Database& database, std::int64_t before_ms);

}  // namespace tether::authority
