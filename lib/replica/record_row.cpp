// SPDX-License-Identifier: MIT
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

constexpr sql::Statement k_read{"SELECT " TETHER_RECORD_COLUMNS
                                " FROM tether_records WHERE model = $1 AND entity_id = $2"};

constexpr sql::Statement k_write{
    "INSERT INTO tether_records(" TETHER_RECORD_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
    "ON CONFLICT(model, entity_id) DO UPDATE SET payload = excluded.payload, deleted = excluded.deleted, "
    "version = excluded.version, rev = excluded.rev, updated_at = excluded.updated_at, "
    "open_log_id = excluded.open_log_id, base = excluded.base, base_deleted = excluded.base_deleted, "
    "rebased_log_id = excluded.rebased_log_id, generation = excluded.generation"};

constexpr sql::Statement k_erase{"DELETE FROM tether_records WHERE model = $1 AND entity_id = $2"};

// Through the index on entity_id, whose entries of one entity are in log order already.
constexpr sql::Statement k_open{"SELECT id, operation, payload, before, " TETHER_IS_TAKEN
                                " FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 "
                                "AND ((" TETHER_IS_OPEN ") OR " TETHER_IS_TAKEN
                                ") AND id > $3 AND id <= $4 ORDER BY id"};

std::optional<std::string> optional_text(const sql::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

void lay(Laid& laid, const rules::LocalState& server, const OpenMutation& mutation) {
  if (mutation.taken) {
    laid.state =
        rules::after_taken(std::move(laid.state), server, mutation.operation, mutation.payload, mutation.before);
    return;
  }
  laid.state = rules::after(std::move(laid.state), mutation.operation, mutation.payload, mutation.before);
  laid.newest_log_id = mutation.log_id;
}

}  // namespace

RecordRow record_row(const sql::Row& row) {
  RecordRow record;
  record.key = {{std::string(row.text(0))}, {std::string(row.text(1))}};
  record.payload = row.text(2);
  record.deleted = row.integer(3) != 0;
  record.version = row.integer(4);
  record.rev = {row.integer(5)};
  record.updated_at_ms = row.integer(6);
  if (!row.is_null(7)) record.open_log_id = row.integer(7);
  record.base = optional_text(row, 8);
  record.base_deleted = row.integer(9) != 0;
  record.rebased_log_id = row.integer(10);
  record.generation = row.integer(11);
  return record;
}

std::optional<RecordRow> read_record(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> found;
  transaction.run(k_read, {key.model.value, key.id.value}, [&](const sql::Row& row) { found = record_row(row); });
  return found;
}

void write_record(sql::Transaction& transaction, const RecordRow& row) {
  const sql::Value open = row.open_log_id ? sql::Value(*row.open_log_id) : sql::Value();
  const sql::Value base = row.base ? sql::Value(*row.base) : sql::Value();
  transaction.run(k_write, {row.key.model.value, row.key.id.value, row.payload, std::int64_t{row.deleted}, row.version,
                            row.rev.value, row.updated_at_ms, open, base, std::int64_t{row.base_deleted},
                            row.rebased_log_id, row.generation});
}

void erase_record(sql::Transaction& transaction, const EntityKey& key) {
  transaction.run(k_erase, {key.model.value, key.id.value});
}

rules::LocalState server_state(const RecordRow& row) {
  if (!row.open_log_id) return {true, row.deleted, row.payload};
  if (!row.base) return {};
  return {true, row.base_deleted, *row.base};
}

void read_open(sql::Transaction& transaction, const EntityKey& key, std::int64_t after, std::int64_t last,
               const std::function<void(const OpenMutation&)>& sink) {
  bool behind_open = after > 0;
  transaction.run(k_open, {key.model.value, key.id.value, after, last}, [&](const sql::Row& row) {
    const bool taken = row.integer(4) != 0;
    if (taken && !behind_open) return;
    behind_open = true;
    sink({row.integer(0), protocol::operation_named(row.text(1)).value_or(protocol::Operation::update),
          std::string(row.text(2)), optional_text(row, 3), taken});
  });
}

std::vector<OpenMutation> open_mutations(sql::Transaction& transaction, const EntityKey& key) {
  std::vector<OpenMutation> open;
  read_open(transaction, key, 0, k_no_end, [&](const OpenMutation& mutation) { open.push_back(mutation); });
  return open;
}

std::optional<RecordRow> laid_over(RecordRow row, const rules::LocalState& server, Laid laid) {
  const bool open = laid.newest_log_id != 0;
  if (!open && !server.exists) return std::nullopt;
  row.payload = laid.state.exists ? std::move(laid.state.payload) : "{}";
  row.deleted = laid.state.deleted || !laid.state.exists;
  row.open_log_id.reset();
  row.base.reset();
  row.base_deleted = false;
  if (!open) return row;
  row.open_log_id = laid.newest_log_id;
  row.rebased_log_id = laid.newest_log_id;
  if (server.exists) row.base = server.payload;
  row.base_deleted = server.deleted;
  return row;
}

std::optional<RecordRow> laid_over(RecordRow row, const rules::LocalState& server,
                                   const std::vector<OpenMutation>& open) {
  Laid laid{server};
  for (const OpenMutation& mutation : open) lay(laid, server, mutation);
  return laid_over(std::move(row), server, std::move(laid));
}

void store_laid(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server, Laid laid) {
  const EntityKey key = row.key;
  if (const auto stored = laid_over(std::move(row), server, std::move(laid))) {
    write_record(transaction, *stored);
  } else {
    erase_record(transaction, key);
  }
}

std::int64_t store_over(sql::Transaction& transaction, RecordRow row, const rules::LocalState& server) {
  Laid laid{server};
  std::int64_t count = 0;
  read_open(transaction, row.key, 0, k_no_end, [&](const OpenMutation& mutation) {
    lay(laid, server, mutation);
    ++count;
  });
  store_laid(transaction, std::move(row), server, std::move(laid));
  return count;
}

}  // namespace tether::replica
