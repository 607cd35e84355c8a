// SPDX-License-Identifier: MIT
// For tests: a file as the original client leaves it.
#pragma once

#include <string_view>

namespace tether::replica {

/// Its tables, as client phone-7 that has pulled up to a cursor; nothing is logged.
inline constexpr std::string_view k_original_client =
    "CREATE TABLE tether_mutation_logs (id integer primary key autoincrement not null, mutation_id varchar not null, "
    "entity_id varchar not null, model varchar not null, operation varchar not null, payload text not null, "
    "version integer not null, timestamp integer not null, sync_status varchar not null default 'pending', "
    "synced_at datetime, rejection_reason varchar, rejection_data text, retry_count integer not null default '0', "
    "created_at datetime, updated_at datetime);"
    "CREATE UNIQUE INDEX tether_mutation_logs_mutation_id_unique ON tether_mutation_logs(mutation_id);"
    "CREATE TABLE tether_sync_state (id integer primary key autoincrement not null, key varchar not null, value text, "
    "created_at datetime, updated_at datetime);"
    "CREATE UNIQUE INDEX tether_sync_state_key_unique ON tether_sync_state(key);"
    "INSERT INTO tether_sync_state(key, value) VALUES ('client_id', 'phone-7'), ('last_sync_cursor', "
    "'1763757001000123');";

}  // namespace tether::replica
