// SPDX-License-Identifier: MIT
#include "replica/incoming.hpp"

#include <functional>
#include <string>
#include <vector>

#include "replica/outbound_mapping.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

using protocol::Snapshot;

// Entities handled between two looks at the table that is being changed.
constexpr std::int64_t k_entities_per_step = 500;

// One statement for the usual row: new, or without an open edit. Revs only grow, except that an entity whose tombstone
// the server forgot begins anew, which shows here as a deleted row or in a full pull.
constexpr sql::Statement k_take{
    "INSERT INTO tether_records(model, entity_id, payload, deleted, rev, updated_at, generation) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT(model, entity_id) DO UPDATE SET payload = excluded.payload, deleted = excluded.deleted, "
    "rev = excluded.rev, updated_at = excluded.updated_at, generation = excluded.generation "
    "WHERE open_log_id IS NULL AND (excluded.rev >= rev OR excluded.rev = 0 OR deleted OR $8)"};

constexpr sql::Statement k_forget{
    "DELETE FROM tether_records WHERE open_log_id IS NULL AND rev > 0 AND generation < $1"};

constexpr sql::Statement k_open_not_brought{
    "SELECT " TETHER_RECORD_COLUMNS
    " FROM tether_records WHERE open_log_id IS NOT NULL AND rev > 0 AND generation < $1 "
    "AND (model, entity_id) > ($2, $3) ORDER BY model, entity_id LIMIT $4"};

bool take(sql::Transaction& transaction, const Snapshot& snapshot, const Arrival& arrival) {
  return transaction.run(k_take, {snapshot.key.model.value, snapshot.key.id.value, snapshot.payload,
                                  std::int64_t{snapshot.deleted}, snapshot.rev.value_or(Rev{0}).value, arrival.now_ms,
                                  arrival.generation, std::int64_t{arrival.full}}) == 1;
}

/// Moves the base beneath open edits. False when what arrived is not newer.
bool rebase(sql::Transaction& transaction, const Snapshot& snapshot, const Arrival& arrival) {
  std::optional<RecordRow> row = read_record(transaction, snapshot.key);
  if (!row || !row->open_log_id) return false;
  const bool begun_anew = !row->base || row->base_deleted;
  const bool newer = !snapshot.rev || *snapshot.rev > row->rev || begun_anew || arrival.full;
  if (!newer) return false;
  row->rev = snapshot.rev.value_or(Rev{0});
  row->generation = arrival.generation;
  row->updated_at_ms = arrival.now_ms;
  store_over(transaction, std::move(*row), {true, snapshot.deleted, snapshot.payload});
  return true;
}

/// What the server has of a record, as it is seen here.
Snapshot seen_here(sql::Transaction& transaction, Snapshot snapshot, const rules::FieldMapping& mapping) {
  if (snapshot.deleted) return snapshot;
  snapshot.payload = mapping.from_wire(snapshot.payload);
  if (!mapping.has_local()) return snapshot;
  const std::optional<RecordRow> row = read_record(transaction, snapshot.key);
  if (row) snapshot.payload = mapping.with_local_fields(snapshot.payload, row->payload);
  return snapshot;
}

bool is_older(sql::Transaction& transaction, const Snapshot& snapshot) {
  const std::optional<RecordRow> row = read_record(transaction, snapshot.key);
  return row && snapshot.rev && *snapshot.rev < row->rev;
}

}  // namespace

std::optional<std::int64_t> apply_snapshots(sql::Transaction& transaction, std::span<const Snapshot> snapshots,
                                            const Arrival& arrival) {
  const OutboundMappings mappings(transaction);
  std::int64_t applied = 0;
  for (const Snapshot& sent : snapshots) {
    const rules::FieldMapping* mapping = mappings.in_force(sent.key.model.value);
    std::optional<Snapshot> mapped;
    if (mapping != nullptr) mapped = seen_here(transaction, sent, *mapping);
    const Snapshot& snapshot = mapped ? *mapped : sent;
    if (take(transaction, snapshot, arrival) || rebase(transaction, snapshot, arrival)) {
      ++applied;
    } else if (is_older(transaction, snapshot)) {
      return std::nullopt;
    }
  }
  return applied;
}

void forget_not_brought(sql::Transaction& transaction, const Arrival& arrival) {
  transaction.run(k_forget, {arrival.generation});
  EntityKey after;
  while (true) {
    std::vector<RecordRow> rows;
    transaction.run(k_open_not_brought, {arrival.generation, after.model.value, after.id.value, k_entities_per_step},
                    [&](const sql::Row& row) { rows.push_back(record_row(row)); });
    if (rows.empty()) return;
    after = rows.back().key;
    for (RecordRow& row : rows) {
      row.rev = Rev{0};
      row.updated_at_ms = arrival.now_ms;
      store_over(transaction, std::move(row), {});
    }
  }
}

}  // namespace tether::replica
