// SPDX-License-Identifier: MIT
#include "replica/log.hpp"

#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

#define TETHER_LOG_COLUMNS                                                                                     \
  "id, mutation_id, entity_id, model, operation, payload, version, timestamp, base_rev, before, sync_status, " \
  "synced_at, rejection_reason, rejection_data, retry_count, created_at, updated_at, settled_by"

// The same question three ways, so that each finds its rows by an index: $1 model, $2 entity, $3 status, $4 since, $5
// the lowest id.
#define TETHER_LOG_WHERE(entity_test, status_test)                                                   \
  " FROM tether_mutation_logs WHERE ($1 IS NULL OR model = $1) AND " entity_test " AND " status_test \
  " AND ($4 IS NULL OR timestamp >= $4) AND id >= $5 "
#define TETHER_LOG_ALL TETHER_LOG_WHERE("($2 IS NULL OR entity_id = $2)", "($3 IS NULL OR sync_status = $3)")
#define TETHER_LOG_OF_ENTITY TETHER_LOG_WHERE("entity_id = $2", "($3 IS NULL OR sync_status = $3)")
#define TETHER_LOG_OPEN \
  TETHER_LOG_WHERE("($2 IS NULL OR entity_id = $2)", "sync_status = $3 AND sync_status <> 'synced'")

struct Reading {
  sql::Statement newest_last;
  sql::Statement newest_first;
  sql::Statement lowest_id;  // of the newest so many: found first, so that no payload is held to turn the order round
};

#define TETHER_LOG_READING(where)                                           \
  {                                                                         \
    {"SELECT " TETHER_LOG_COLUMNS where "ORDER BY id LIMIT $6"},            \
        {"SELECT " TETHER_LOG_COLUMNS where "ORDER BY id DESC LIMIT $6"}, { \
      "SELECT id" where "ORDER BY id DESC LIMIT 1 OFFSET $6 - 1"            \
    }                                                                       \
  }
constexpr Reading k_all = TETHER_LOG_READING(TETHER_LOG_ALL);
constexpr Reading k_of_entity = TETHER_LOG_READING(TETHER_LOG_OF_ENTITY);
constexpr Reading k_open = TETHER_LOG_READING(TETHER_LOG_OPEN);

constexpr sql::Statement k_by_id{"SELECT " TETHER_LOG_COLUMNS " FROM tether_mutation_logs WHERE mutation_id = $1"};

constexpr sql::Statement k_failed_ids{
    "SELECT mutation_id FROM tether_mutation_logs WHERE sync_status = 'failed' AND sync_status <> 'synced' "
    "AND settled_by IS NULL ORDER BY id"};

constexpr sql::Statement k_requeue{
    "UPDATE tether_mutation_logs SET sync_status = 'pending', retry_count = 0, rejection_reason = NULL, "
    "rejection_data = NULL, updated_at = $2 WHERE mutation_id = $1"};

constexpr sql::Statement k_settle{
    "UPDATE tether_mutation_logs SET settled_by = $2, updated_at = $3 WHERE mutation_id = $1"};

constexpr std::string_view k_dismissed = "dismissed";

const Reading& reading_of(const LogQuery& query) {
  if (query.entity_id) return k_of_entity;
  if (query.status && *query.status != "synced") return k_open;
  return k_all;
}

LogEntry log_entry(const sql::Row& row) {
  LogEntry entry;
  entry.id = row.integer(0);
  entry.mutation.mutation_id = {std::string(row.text(1))};
  entry.mutation.entity_id = {std::string(row.text(2))};
  entry.mutation.model = {std::string(row.text(3))};
  entry.mutation.operation = protocol::operation_named(row.text(4)).value_or(Operation::update);
  entry.mutation.payload = row.text(5);
  entry.mutation.version = row.integer(6);
  entry.mutation.timestamp_ms = row.integer(7);
  if (!row.is_null(8)) entry.mutation.base_rev = Rev{row.integer(8)};
  if (!row.is_null(9)) entry.mutation.before = std::string(row.text(9));
  entry.sync_status = row.text(10);
  entry.synced_at = row.text(11);
  entry.rejection_reason = row.text(12);
  entry.rejection_data = row.text(13);
  entry.retry_count = row.integer(14);
  entry.created_at = row.text(15);
  entry.updated_at = row.text(16);
  entry.settled_by = row.text(17);
  return entry;
}

sql::Value text_or_null(const std::string* text) {
  return text ? sql::Value(*text) : sql::Value();
}

LogEntry failed_entry(sql::Transaction& transaction, const MutationId& id) {
  std::optional<LogEntry> entry = find_mutation(transaction, id);
  const bool failed = entry && entry->sync_status == "failed" && entry->settled_by.empty();
  if (failed) return *std::move(entry);
  const std::string what = entry ? "mutation " + id.value + " is not failed" : "there is no mutation " + id.value;
  throw Error(ErrorCode::not_found, what, "`tether log --status failed` shows those that are.");
}

void settle(File& file, sql::Transaction& transaction, const MutationId& id, std::string_view settled_by) {
  const std::string at = rfc3339_ms(file.clock().now());
  transaction.run(k_settle, {id.value, settled_by, at});
}

/// Marks `entry` as given up and takes its effect out of the record.
void give_up(File& file, sql::Transaction& transaction, const LogEntry& entry) {
  settle(file, transaction, entry.mutation.mutation_id, k_dismissed);
  const EntityKey key{entry.mutation.model, entry.mutation.entity_id};
  RecordRow row = read_record(transaction, key).value_or(RecordRow{.key = key});
  const rules::LocalState server = server_state(row);
  row.updated_at_ms = to_ms(file.clock().now());
  store_over(transaction, std::move(row), server);
}

/// The change of a mutation that was given up, recorded anew; nullopt when the present state is what it wanted.
std::optional<Recorded> record_anew(File& file, sql::Transaction& transaction, const protocol::Mutation& mutation) {
  Recorder recorder(file, transaction);
  const EntityKey key{mutation.model, mutation.entity_id};
  const std::optional<RecordRow> row = read_record(transaction, key);
  const bool there = row && !row->deleted;
  if (mutation.operation == Operation::remove) {
    if (!there) return std::nullopt;
    return recorder.remove(key);
  }
  // What is gone is brought back whole: whoever retries an edit wants to see it take effect.
  if (mutation.operation == Operation::create || !there) {
    return recorder.create(mutation.model, mutation.entity_id, mutation.payload);
  }
  const std::string fields = mutation.before ? rules::selected(mutation.payload, *mutation.before) : mutation.payload;
  return recorder.update(key, fields);
}

std::optional<MutationId> retry(File& file, sql::Transaction& transaction, const MutationId& id) {
  const LogEntry entry = failed_entry(transaction, id);
  if (entry.rejection_reason == protocol::reason::k_error) {
    const std::string at = rfc3339_ms(file.clock().now());
    transaction.run(k_requeue, {id.value, at});
    return id;
  }
  give_up(file, transaction, entry);
  const std::optional<Recorded> recorded = record_anew(file, transaction, entry.mutation);
  if (!recorded) return std::nullopt;
  settle(file, transaction, id, recorded->mutation_id.value);
  return recorded->mutation_id;
}

}  // namespace

void read_log(sql::Transaction& transaction, const LogQuery& query, const std::function<void(const LogEntry&)>& sink) {
  if (query.limit && *query.limit <= 0) return;
  const Reading& reading = reading_of(query);
  const sql::Value model = text_or_null(query.model ? &query.model->value : nullptr);
  const sql::Value entity = text_or_null(query.entity_id ? &query.entity_id->value : nullptr);
  const sql::Value status = text_or_null(query.status ? &*query.status : nullptr);
  const sql::Value since = query.since_ms ? sql::Value(*query.since_ms) : sql::Value();
  const std::int64_t limit = query.limit.value_or(-1);
  std::int64_t lowest = 0;
  if (query.limit && !query.reverse) {
    transaction.run(reading.lowest_id, {model, entity, status, since, lowest, limit},
                    [&](const sql::Row& row) { lowest = row.integer(0); });
  }
  transaction.run(query.reverse ? reading.newest_first : reading.newest_last,
                  {model, entity, status, since, lowest, limit}, [&](const sql::Row& row) { sink(log_entry(row)); });
}

std::optional<LogEntry> find_mutation(sql::Transaction& transaction, const MutationId& id) {
  std::optional<LogEntry> found;
  transaction.run(k_by_id, {id.value}, [&](const sql::Row& row) { found = log_entry(row); });
  return found;
}

std::vector<MutationId> retry_failed(File& file, const std::vector<MutationId>& ids) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    std::vector<MutationId> queued;
    for (const MutationId& id : ids) {
      if (const auto pushed = retry(file, transaction, id)) queued.push_back(*pushed);
    }
    return queued;
  });
}

std::vector<MutationId> retry_all_failed(File& file) {
  std::vector<MutationId> ids;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_failed_ids, {}, [&](const sql::Row& row) { ids.push_back({std::string(row.text(0))}); });
  });
  return retry_failed(file, ids);
}

std::int64_t dismiss_failed(File& file, const std::vector<MutationId>& ids) {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    for (const MutationId& id : ids) give_up(file, transaction, failed_entry(transaction, id));
  });
  return static_cast<std::int64_t>(ids.size());
}

}  // namespace tether::replica
