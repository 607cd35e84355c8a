// SPDX-License-Identifier: MIT
#include "replica/restored.hpp"

#include <functional>
#include <optional>
#include <vector>

#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

// Present: what was acknowledged has not been offered to the restored server yet.
constexpr std::string_view k_push_first = "push_first";

// Present: start_over() is under way, or was cut off. While it is, `compact` forgets nothing that was acknowledged.
constexpr std::string_view k_starting_over = "starting_over";

// Rows gone through, and mutations laid over their records, in one transaction: some 50 ms.
constexpr std::int64_t k_rows_per_step = 5'000;
constexpr std::int64_t k_mutations_per_step = 500;
// Nobody waits in line for a SQLite file: who wants to write asks again and again, at first every 25 ms or less. So
// long it has to be free between two transactions to be found free.
constexpr std::chrono::milliseconds k_pause{25};

constexpr sql::Statement k_first_acknowledged{
    "SELECT id FROM tether_mutation_logs WHERE sync_status = 'synced' ORDER BY id LIMIT 1"};

constexpr sql::Statement k_last_rows{
    "SELECT coalesce((SELECT max(id) FROM tether_mutation_logs), 0), "
    "coalesce((SELECT max(rowid) FROM tether_records), 0)"};

// The last of the next so many rows behind $1, up to $3; NULL where there is none.
constexpr sql::Statement k_log_step{
    "SELECT max(id) FROM (SELECT id FROM tether_mutation_logs WHERE id > $1 AND id <= $3 ORDER BY id LIMIT $2)"};
constexpr sql::Statement k_records_step{
    "SELECT max(rowid) FROM "
    "(SELECT rowid FROM tether_records WHERE rowid > $1 AND rowid <= $3 ORDER BY rowid LIMIT $2)"};

// synced_at tells that the server had acknowledged it; an adopted log may not say when.
constexpr sql::Statement k_requeue{
    "UPDATE tether_mutation_logs SET sync_status = 'pending', synced_at = coalesce(synced_at, updated_at, $3) "
    "WHERE id > $1 AND id <= $2 AND sync_status = 'synced'"};

constexpr sql::Statement k_forget_revs{
    "UPDATE tether_records SET rev = 0 WHERE rowid > $1 AND rowid <= $2 AND rev <> 0"};

// `sync_status <> 'synced'` is said again so that SQLite sees that the partial index applies.
constexpr sql::Statement k_left{
    "SELECT id, model, entity_id FROM tether_mutation_logs WHERE sync_status = 'pending' AND sync_status <> 'synced' "
    "AND synced_at IS NOT NULL AND settled_by IS NULL AND id > $1 ORDER BY id LIMIT $2"};

#define TETHER_LEFT_OF_ENTITY \
  "entity_id = $2 AND model = $1 AND sync_status = 'pending' AND synced_at IS NOT NULL AND settled_by IS NULL"

constexpr sql::Statement k_left_of_entity{
    "SELECT operation, payload, before FROM tether_mutation_logs WHERE " TETHER_LEFT_OF_ENTITY " ORDER BY id"};

constexpr sql::Statement k_reopen{"UPDATE tether_mutation_logs SET synced_at = NULL WHERE " TETHER_LEFT_OF_ENTITY};

/// Runs `step` in one transaction after the other until it finds nothing more to do.
void in_steps(File& file, Exchange& exchange, const std::function<bool(sql::Transaction&)>& step) {
  while (sql::in_transaction(file.database(), sql::Access::write, step)) exchange.pause(k_pause);
}

/// Rows of a table that are gone through in steps: those that were there at the beginning, however fast others record.
struct Stretch {
  std::int64_t after = 0;
  std::int64_t last = k_no_end;
};

std::optional<std::int64_t> end_of_step(sql::Transaction& transaction, const sql::Statement& statement,
                                        const Stretch& stretch) {
  std::optional<std::int64_t> end;
  transaction.run(statement, {stretch.after, k_rows_per_step, stretch.last},
                  [&](const sql::Row& row) { end = sql::optional_integer(row, 0); });
  return end;
}

/// What the log has acknowledged begins there; nullopt: nowhere.
std::optional<Stretch> acknowledged(sql::Transaction& transaction) {
  std::optional<Stretch> found;
  transaction.run(k_first_acknowledged, {}, [&](const sql::Row& row) { found = Stretch{row.integer(0) - 1}; });
  return found;
}

/// False behind the last.
bool requeue_some(sql::Transaction& transaction, Stretch& log, Instant now) {
  const auto end = end_of_step(transaction, k_log_step, log);
  if (!end) return false;
  transaction.run(k_requeue, {log.after, *end, rfc3339_ms(now)});
  log.after = *end;
  return true;
}

bool forget_some_revs(sql::Transaction& transaction, Stretch& records) {
  const auto end = end_of_step(transaction, k_records_step, records);
  if (!end) return false;
  transaction.run(k_forget_revs, {records.after, *end});
  records.after = *end;
  return true;
}

/// Whether what is left of the entity is still the newest word on it: laid over the state last seen, it changes
/// nothing.
bool is_newest_word(sql::Transaction& transaction, const EntityKey& key, const rules::LocalState& seen) {
  rules::LocalState state = seen;
  transaction.run(k_left_of_entity, {key.model.value, key.id.value}, [&](const sql::Row& row) {
    std::optional<std::string> before;
    if (!row.is_null(2)) before = std::string(row.text(2));
    const auto operation = protocol::operation_named(row.text(0)).value_or(protocol::Operation::update);
    state = rules::after(std::move(state), operation, row.text(1), before);
  });
  if (state.exists != seen.exists || state.deleted != seen.deleted) return false;
  return state.deleted || rules::same_fields(state.payload, seen.payload);
}

/// What the server put off or refused is an open edit like any other, so that a pull does not take it out of sight and
/// the next edit does not undo it. Where someone wrote after it, it stays as it is: it would show what is past.
void reopen(sql::Transaction& transaction, const EntityKey& key) {
  RecordRow row = read_record(transaction, key).value_or(RecordRow{.key = key, .deleted = true});
  const rules::LocalState seen = server_state(row);
  if (!is_newest_word(transaction, key, seen)) return;
  if (transaction.run(k_reopen, {key.model.value, key.id.value}) > 0) store_over(transaction, std::move(row), seen);
}

/// False behind the last; `after` moves behind those that were handled.
bool reopen_some(sql::Transaction& transaction, std::int64_t& after) {
  std::vector<EntityKey> left;
  transaction.run(k_left, {after, k_mutations_per_step}, [&](const sql::Row& row) {
    after = row.integer(0);
    left.push_back({{std::string(row.text(1))}, {std::string(row.text(2))}});
  });
  for (const EntityKey& key : left) reopen(transaction, key);
  return !left.empty();
}

}  // namespace

bool start_over(File& file, Exchange& exchange, const std::string& epoch) {
  const Instant now = file.clock().now();
  std::optional<Stretch> log = sql::in_transaction(file.database(), sql::Access::read, acknowledged);
  const bool push_first = sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    if (log && requeue_some(transaction, *log, now)) set_state(transaction, k_push_first, "1", now);
    set_state(transaction, k_starting_over, "1", now);
    clear_state(transaction, "last_sync_cursor");
    clear_state(transaction, "full_pull");
    set_state(transaction, "epoch", epoch, now);
    set_state(transaction, "restored_at", rfc3339_ms(now), now);
    return must_push_first(transaction);
  });
  finish_starting_over(file, exchange);
  return push_first;
}

void finish_starting_over(File& file, Exchange& exchange) {
  Stretch log;
  Stretch records;
  const bool under_way = sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    if (!state(transaction, k_starting_over)) return false;
    transaction.run(k_last_rows, {}, [&](const sql::Row& row) {
      log.last = row.integer(0);
      records.last = row.integer(1);
    });
    return true;
  });
  if (!under_way) return;
  in_steps(file, exchange, [&](sql::Transaction& transaction) {
    if (forget_some_revs(transaction, records)) return true;
    if (requeue_some(transaction, log, file.clock().now())) return true;
    clear_state(transaction, k_starting_over);
    return false;
  });
}

bool must_push_first(sql::Transaction& transaction) {
  return state(transaction, k_push_first).has_value();
}

void pulls_may_go_on(File& file, Exchange& exchange) {
  const bool waiting = sql::in_transaction(file.database(), sql::Access::read, must_push_first);
  if (!waiting) return;
  std::int64_t after = 0;
  in_steps(file, exchange, [&](sql::Transaction& transaction) {
    if (reopen_some(transaction, after)) return true;
    clear_state(transaction, k_push_first);
    return false;
  });
}

}  // namespace tether::replica
