// SPDX-License-Identifier: MIT
#include "authority/devices.hpp"

#include <algorithm>

namespace tether::authority {
namespace {

using sql::Column;
using sql::Null;
using sql::optional_integer;
using sql::Row;
using sql::Statement;
using sql::Type;
using sql::Value;
using sql::value_of;

constexpr Column k_sighting_columns[] = {{"client_id", Type::text},
                                         {"seen_ms", Type::integer},
                                         {"push_ms", Type::integer},
                                         {"pull_ms", Type::integer},
                                         {"cursor_us", Type::integer}};
constexpr sql::BatchStatement k_note{
    "INSERT INTO tether_devices(scope, client_id, first_seen_ms, last_push_ms, last_pull_ms, cursor_us) "
    "{values $1, client_id, seen_ms, push_ms, pull_ms, cursor_us} "
    "ON CONFLICT (scope, client_id) DO UPDATE SET "
    "last_push_ms = COALESCE(excluded.last_push_ms, tether_devices.last_push_ms), "
    "last_pull_ms = COALESCE(excluded.last_pull_ms, tether_devices.last_pull_ms), "
    "cursor_us = COALESCE(excluded.cursor_us, tether_devices.cursor_us)",
    k_sighting_columns};

constexpr Statement k_revoke{
    "INSERT INTO tether_revoked_devices(scope, client_id, revoked_ms) VALUES ($1, $2, $3) "
    "ON CONFLICT (scope, client_id) DO NOTHING"};
constexpr Statement k_make_known{
    "INSERT INTO tether_devices(scope, client_id, first_seen_ms) VALUES ($1, $2, $3) "
    "ON CONFLICT (scope, client_id) DO NOTHING"};

Device read_device(const Row& row) {
  Device device;
  device.scope = Scope{std::string(row.text(0))};
  device.client = ClientId{std::string(row.text(1))};
  device.first_seen_ms = row.integer(2);
  device.last_push_ms = optional_integer(row, 3);
  device.last_pull_ms = optional_integer(row, 4);
  device.cursor_us = optional_integer(row, 5);
  const auto clock_us = optional_integer(row, 6);
  if (device.cursor_us && clock_us) device.lag_us = std::max<std::int64_t>(*clock_us - *device.cursor_us, 0);
  device.revoked_ms = optional_integer(row, 7);
  return device;
}

}  // namespace

void note_devices(sql::Transaction& transaction, const Scope& scope, std::span<const Sighting> sightings) {
  std::vector<const Sighting*> ordered;
  for (const Sighting& sighting : sightings) ordered.push_back(&sighting);
  std::ranges::sort(ordered, {}, &Sighting::client_id);
  sql::Batch rows;
  rows.reserve(ordered.size() * std::size(k_sighting_columns));
  for (const Sighting* sighting : ordered) {
    rows.insert(rows.end(), {Value(std::string_view(sighting->client_id)), Value(sighting->seen_ms),
                             value_of(sighting->push_ms), value_of(sighting->pull_ms), value_of(sighting->cursor_us)});
  }
  transaction.run_many(k_note, {std::string_view(scope.value)}, rows);
}

std::vector<Device> devices(sql::Database& database) {
  std::vector<Device> found;
  database.execute(
      "SELECT d.scope, d.client_id, d.first_seen_ms, d.last_push_ms, d.last_pull_ms, d.cursor_us, s.clock_us, "
      "r.revoked_ms FROM tether_devices AS d LEFT JOIN tether_scopes AS s ON s.scope = d.scope "
      "LEFT JOIN tether_revoked_devices AS r ON r.scope = d.scope AND r.client_id = d.client_id "
      "ORDER BY d.scope, d.client_id",
      {}, [&](const Row& row) { found.push_back(read_device(row)); });
  return found;
}

void revoke_device(sql::Database& database, const Scope& scope, const ClientId& client, std::int64_t now_ms) {
  const Value parameters[] = {std::string_view(scope.value), std::string_view(client.value), now_ms};
  sql::in_transaction(database, sql::Access::write, [&](sql::Transaction& transaction) {
    transaction.run(k_revoke, parameters);
    transaction.run(k_make_known, parameters);
  });
}

bool restore_device(sql::Database& database, const Scope& scope, const ClientId& client) {
  const Value parameters[] = {std::string_view(scope.value), std::string_view(client.value)};
  return database.execute("DELETE FROM tether_revoked_devices WHERE scope = $1 AND client_id = $2", parameters) > 0;
}

bool is_revoked(sql::Database& database, const Scope& scope, const ClientId& client) {
  bool revoked = false;
  const Value parameters[] = {std::string_view(scope.value), std::string_view(client.value)};
  database.execute("SELECT revoked_ms FROM tether_revoked_devices WHERE scope = $1 AND client_id = $2", parameters,
                   [&](const Row&) { revoked = true; });
  return revoked;
}

std::int64_t forget_devices(sql::Database& database, std::int64_t before_ms) {
  const Value parameters[] = {before_ms};
  return database.execute(
      "DELETE FROM tether_devices WHERE first_seen_ms < $1 AND COALESCE(last_push_ms, 0) < $1 "
      "AND COALESCE(last_pull_ms, 0) < $1",
      parameters);
}

}  // namespace tether::authority
