// SPDX-License-Identifier: MIT
// One row of tether_records as the sessions of this room see it, and the one way in which a record is computed anew
// from the server's state and its open mutations. Internal to lib/replica.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/strong.hpp"
#include "protocol/messages.hpp"
#include "rules/local_state.hpp"
#include "sql/database.hpp"

namespace tether::replica {

struct RecordRow {
  EntityKey key;
  std::string payload = "{}";
  bool deleted = false;
  std::int64_t version = 0;
  Rev rev{0};
  std::int64_t updated_at_ms = 0;
  /// Newest open mutation; nullopt: clean, payload is the server's state.
  std::optional<std::int64_t> open_log_id = std::nullopt;
  /// The server's state beneath open edits; nullopt: the server has none.
  std::optional<std::string> base = std::nullopt;
  bool base_deleted = false;
  std::int64_t rebased_log_id = 0;
  std::int64_t generation = 0;
  bool operator==(const RecordRow&) const = default;
};

/// The columns that record_row() reads, in its order, as written after SELECT.
#define TETHER_RECORD_COLUMNS                                                                       \
  "model, entity_id, payload, deleted, version, rev, updated_at, open_log_id, base, base_deleted, " \
  "rebased_log_id, generation"

/// A row of a query that selected TETHER_RECORD_COLUMNS first.
RecordRow record_row(const sql::Row& row);

std::optional<RecordRow> read_record(sql::Transaction& transaction, const EntityKey& key);
void write_record(sql::Transaction& transaction, const RecordRow& row);
void erase_record(sql::Transaction& transaction, const EntityKey& key);

/// What the server has of it, as far as this replica knows.
rules::LocalState server_state(const RecordRow& row);

constexpr std::int64_t k_no_end = std::numeric_limits<std::int64_t>::max();

/// Whether a row of the log is open. What a server acknowledged before it was restored is not, although it is pending
/// again: the server's state last seen has it in it.
#define TETHER_IS_OPEN "sync_status IN ('pending', 'syncing', 'failed') AND settled_by IS NULL AND synced_at IS NULL"

/// What the server took and still has, as far as is known here.
#define TETHER_IS_TAKEN "(sync_status = 'synced' OR (sync_status = 'pending' AND synced_at IS NOT NULL))"

/// A mutation that may still reach the server: pending, syncing, or failed and not settled. Or one that the server took
/// although an older one is open: of what it wrote, the older one has nothing to say any more.
struct OpenMutation {
  std::int64_t log_id = 0;
  protocol::Operation operation = protocol::Operation::create;
  std::string payload;
  std::optional<std::string> before = std::nullopt;
  bool taken = false;
};

/// Oldest first, those after log id `after` up to and with `last`; each is handed out as it is read, since an entity
/// may have very many. Where older ones were read before (`after` > 0), all that the server took count as taken behind
/// an open one.
void read_open(sql::Transaction& transaction, const EntityKey& key, std::int64_t after, std::int64_t last,
               const std::function<void(const OpenMutation&)>& sink);

/// All of them, oldest first.
std::vector<OpenMutation> open_mutations(sql::Transaction& transaction, const EntityKey& key);

/// The server's state with open mutations laid over it.
struct Laid {
  rules::LocalState state;
  std::int64_t newest_log_id = 0;  // 0: nothing is open
};

/// `row` as it must be when the server's state is `server` and `open` are the open mutations: base, payload, deleted,
/// open_log_id and rebased_log_id (what is open was written over something else) are set, the rest is kept. Where
/// nothing shows although something is open (an update whose create is gone), the row is marked deleted, so that the
/// open edit is found when the server's state arrives. nullopt: nothing is left to store, as the server has none and
/// nothing is open.
std::optional<RecordRow> laid_over(RecordRow row, const rules::LocalState& server,
                                   const std::vector<OpenMutation>& open);
std::optional<RecordRow> laid_over(RecordRow row, const rules::LocalState& server, Laid laid);

/// Stores what laid_over() makes of them, or erases the row.
void store_laid(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server, Laid laid);

/// Reads the open mutations of `row`, lays them over `server` and stores the result, or erases the row. How many are
/// open.
std::int64_t store_over(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server);

}  // namespace tether::replica
