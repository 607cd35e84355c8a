// SPDX-License-Identifier: MIT
// What a person may do about failed mutations: try again, or give up.
#include <array>

#include "replica/log.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

// Failed mutations handled in one transaction when all are.
constexpr std::int64_t k_failed_per_step = 500;

constexpr std::string_view k_dismissed = "dismissed";

constexpr sql::Statement k_failed_after{
    "SELECT id, mutation_id FROM tether_mutation_logs WHERE sync_status = 'failed' AND sync_status <> 'synced' "
    "AND settled_by IS NULL AND id > $1 ORDER BY id LIMIT $2"};

constexpr sql::Statement k_requeue{
    "UPDATE tether_mutation_logs SET sync_status = 'pending', retry_count = 0, rejection_reason = NULL, "
    "rejection_data = NULL, updated_at = $2 WHERE mutation_id = $1"};

constexpr sql::Statement k_settle{
    "UPDATE tether_mutation_logs SET settled_by = $2, updated_at = $3 WHERE mutation_id = $1"};

constexpr sql::Statement k_newest_open{
    "SELECT operation, payload FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 "
    "AND sync_status IN ('pending', 'syncing', 'failed') AND settled_by IS NULL ORDER BY id DESC LIMIT 1"};

constexpr sql::Statement k_settle_open{
    "UPDATE tether_mutation_logs SET settled_by = $3, updated_at = $4, "
    "rejection_reason = CASE WHEN sync_status = 'failed' THEN rejection_reason ELSE 'superseded' END, "
    "sync_status = 'failed' WHERE entity_id = $2 AND model = $1 "
    "AND sync_status IN ('pending', 'syncing', 'failed') AND settled_by IS NULL AND mutation_id <> $3"};

constexpr sql::Statement k_settle_failed{
    "UPDATE tether_mutation_logs SET settled_by = $3, updated_at = $4 WHERE entity_id = $2 AND model = $1 "
    "AND sync_status = 'failed' AND settled_by IS NULL"};

enum class Failure { decided, undecided };

Failure failure(const LogEntry& entry) {
  return entry.rejection_reason == protocol::reason::k_error ? Failure::undecided : Failure::decided;
}

EntityKey key_of(const LogEntry& entry) {
  return {entry.mutation.model, entry.mutation.entity_id};
}

bool is_failed(const LogEntry& entry) {
  return entry.sync_status == "failed" && entry.settled_by.empty();
}

LogEntry failed_entry(sql::Transaction& transaction, const MutationId& id) {
  std::optional<LogEntry> entry = find_mutation(transaction, id);
  if (entry && is_failed(*entry)) return *std::move(entry);
  const std::string what = entry ? "mutation " + id.value + " is not failed" : "there is no mutation " + id.value;
  throw Error(ErrorCode::not_found, what, "`tether log --status failed` shows those that are.");
}

/// Marks `entry` as given up and takes its effect out of the record.
void give_up(File& file, sql::Transaction& transaction, const LogEntry& entry) {
  const Instant now = file.clock().now();
  const std::string at = rfc3339_ms(now);
  transaction.run(k_settle, {entry.mutation.mutation_id.value, k_dismissed, at});
  RecordRow row = read_record(transaction, key_of(entry)).value_or(RecordRow{.key = key_of(entry)});
  const rules::LocalState server = server_state(row);
  row.updated_at_ms = to_ms(now);
  store_over(transaction, std::move(row), server);
}

/// What the person wants the entity to be: what they see. Where that is nothing although their last word was no delete
/// (someone else deleted it), it is brought back whole: whoever retries an edit wants to see it take effect.
struct Wish {
  bool deleted = false;
  std::string payload;
};

Wish wish(sql::Transaction& transaction, const EntityKey& key) {
  Wish wish;
  transaction.run(k_newest_open, {key.model.value, key.id.value}, [&](const sql::Row& row) {
    wish.deleted = row.text(0) == protocol::name(Operation::remove);
    wish.payload = row.text(1);
  });
  std::optional<RecordRow> seen = read_record(transaction, key);
  if (seen && !seen->deleted) wish.payload = std::move(seen->payload);
  return wish;
}

/// The record as the server has it, as if nothing were open. Whether it is there.
bool lay_bare(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> row = read_record(transaction, key);
  if (!row) return false;
  const rules::LocalState server = server_state(*row);
  store_laid(transaction, *std::move(row), server, {server});
  return server.exists && !server.deleted;
}

/// The record with what is still open of it.
void lay_open_over(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> row = read_record(transaction, key);
  const rules::LocalState server = row ? server_state(*row) : rules::LocalState{};
  store_over(transaction, std::move(row).value_or(RecordRow{.key = key}), server);
}

/// One mutation in place of all that is open of the entity. nullopt when the server has what is wanted, as far as is
/// known here: then only what failed is settled, since what is pending may have reached it meanwhile and be undone by
/// what follows it.
std::optional<Recorded> record_anew(File& file, sql::Transaction& transaction, const EntityKey& key) {
  const Wish wanted = wish(transaction, key);
  const bool there = lay_bare(transaction, key);
  Recorder recorder(file, transaction);
  std::optional<Recorded> recorded;
  if (!wanted.deleted) {
    recorded = recorder.create(key.model, key.id, wanted.payload);
  } else if (there) {
    recorded = recorder.remove(key);
  }
  const std::string at = rfc3339_ms(file.clock().now());
  if (recorded) {
    transaction.run(k_settle_open, {key.model.value, key.id.value, recorded->mutation_id.value, at});
  } else {
    transaction.run(k_settle_failed, {key.model.value, key.id.value, k_dismissed, at});
    lay_open_over(transaction, key);
  }
  return recorded;
}

/// The id that will be pushed for it.
std::optional<MutationId> retry(File& file, sql::Transaction& transaction, const LogEntry& entry) {
  const MutationId& id = entry.mutation.mutation_id;
  if (failure(entry) == Failure::undecided) {
    const std::string at = rfc3339_ms(file.clock().now());
    transaction.run(k_requeue, {id.value, at});
    return id;
  }
  return with_context("mutation " + id.value, [&]() -> std::optional<MutationId> {
    const std::optional<Recorded> recorded = record_anew(file, transaction, key_of(entry));
    if (!recorded) return std::nullopt;
    return recorded->mutation_id;
  });
}

/// Those of `ids` that failed in one way and that nothing has settled meanwhile.
void retry_each(File& file, sql::Transaction& transaction, const std::vector<MutationId>& ids, Failure kind,
                const std::function<void(const MutationId&)>& sink) {
  for (const MutationId& id : ids) {
    const std::optional<LogEntry> entry = find_mutation(transaction, id);
    if (!entry || !is_failed(*entry) || failure(*entry) != kind) continue;
    if (const auto queued = retry(file, transaction, *entry)) sink(*queued);
  }
}

// Decided ones first: they may settle undecided ones of their entities.
constexpr std::array k_order{Failure::decided, Failure::undecided};

}  // namespace

std::vector<MutationId> retry_failed(File& file, const std::vector<MutationId>& ids) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    for (const MutationId& id : ids) static_cast<void>(failed_entry(transaction, id));
    std::vector<MutationId> queued;
    for (const Failure kind : k_order) {
      retry_each(file, transaction, ids, kind, [&](const MutationId& id) { queued.push_back(id); });
    }
    return queued;
  });
}

void retry_all_failed(File& file, const std::function<void(const MutationId&)>& sink) {
  for (const Failure kind : k_order) {
    std::int64_t after = 0;
    std::vector<MutationId> ids;
    do {
      ids.clear();
      sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
        transaction.run(k_failed_after, {after, k_failed_per_step}, [&](const sql::Row& row) {
          after = row.integer(0);
          ids.push_back({std::string(row.text(1))});
        });
        retry_each(file, transaction, ids, kind, sink);
      });
    } while (!ids.empty());
  }
}

std::vector<MutationId> retry_all_failed(File& file) {
  std::vector<MutationId> queued;
  retry_all_failed(file, [&](const MutationId& id) { queued.push_back(id); });
  return queued;
}

std::int64_t dismiss_failed(File& file, const std::vector<MutationId>& ids) {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    for (const MutationId& id : ids) give_up(file, transaction, failed_entry(transaction, id));
  });
  return static_cast<std::int64_t>(ids.size());
}

}  // namespace tether::replica
