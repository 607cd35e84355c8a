// SPDX-License-Identifier: MIT
#include "replica/restored.hpp"

#include <vector>

#include "replica/incoming.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

// Present: what was acknowledged has not been offered to the restored server yet.
constexpr std::string_view k_push_first = "push_first";

// Mutations looked at in one transaction.
constexpr std::int64_t k_mutations_per_step = 500;

// `sync_status <> 'synced'` is said again so that SQLite sees that the partial index applies.
constexpr sql::Statement k_left{
    "SELECT id, model, entity_id FROM tether_mutation_logs WHERE sync_status = 'pending' AND sync_status <> 'synced' "
    "AND synced_at IS NOT NULL AND settled_by IS NULL AND id > $1 ORDER BY id LIMIT $2"};

#define TETHER_LEFT_OF_ENTITY \
  "entity_id = $2 AND model = $1 AND sync_status = 'pending' AND synced_at IS NOT NULL AND settled_by IS NULL"

constexpr sql::Statement k_left_of_entity{
    "SELECT operation, payload, before FROM tether_mutation_logs WHERE " TETHER_LEFT_OF_ENTITY " ORDER BY id"};

constexpr sql::Statement k_reopen{"UPDATE tether_mutation_logs SET synced_at = NULL WHERE " TETHER_LEFT_OF_ENTITY};

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

bool start_over(File& file, const std::string& epoch) {
  const Instant now = file.clock().now();
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const bool anything = requeue_acknowledged(transaction, now) > 0;
    if (anything) set_state(transaction, k_push_first, "1", now);
    clear_state(transaction, "last_sync_cursor");
    clear_state(transaction, "full_pull");
    set_state(transaction, "epoch", epoch, now);
    set_state(transaction, "restored_at", rfc3339_ms(now), now);
    return anything;
  });
}

bool must_push_first(sql::Transaction& transaction) {
  return state(transaction, k_push_first).has_value();
}

void pulls_may_go_on(File& file) {
  const bool waiting = sql::in_transaction(file.database(), sql::Access::read, must_push_first);
  if (!waiting) return;
  // In steps, so that nobody who records waits long; killed between two, the next push goes on.
  std::int64_t after = 0;
  bool more = true;
  while (more) {
    more = sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      if (reopen_some(transaction, after)) return true;
      clear_state(transaction, k_push_first);
      return false;
    });
  }
}

}  // namespace tether::replica
