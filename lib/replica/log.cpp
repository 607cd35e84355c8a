// SPDX-License-Identifier: MIT
#include "replica/log.hpp"

#include "protocol/codec.hpp"
#include "protocol/field_error.hpp"
#include "protocol/payload.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

#define TETHER_LOG_COLUMNS                                                                                     \
  "id, mutation_id, entity_id, model, operation, payload, version, timestamp, base_rev, before, sync_status, " \
  "synced_at, rejection_reason, rejection_data, retry_count, created_at, updated_at, settled_by, "             \
  "(SELECT '[' || group_concat(o.report, ',') || ']' FROM tether_overwritten AS o "                            \
  "WHERE o.model = tether_mutation_logs.model AND o.entity_id = tether_mutation_logs.entity_id "               \
  "AND o.version = tether_mutation_logs.version)"

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

const Reading& reading_of(const LogQuery& query) {
  if (query.entity_id) return k_of_entity;
  if (query.status && *query.status != "synced") return k_open;
  return k_all;
}

/// Whether it is what a push stored of a loss. In an adopted log something else may stand there.
bool tells_a_loss(std::string_view data) {
  try {
    static_cast<void>(protocol::decode_loss_data({}, data));
    return !protocol::find_member(data, "fields").empty();
  } catch (const protocol::FieldError&) {
    return false;
  }
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
  // What was refused has a reason.
  const bool lost = row.is_null(12) && tells_a_loss(row.text(13));
  (lost ? entry.lost : entry.rejection_data) = row.text(13);
  entry.retry_count = row.integer(14);
  entry.created_at = row.text(15);
  entry.updated_at = row.text(16);
  entry.settled_by = row.text(17);
  entry.overwritten = row.text(18);
  return entry;
}

sql::Value text_or_null(const std::string* text) {
  return text ? sql::Value(*text) : sql::Value();
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

}  // namespace tether::replica
