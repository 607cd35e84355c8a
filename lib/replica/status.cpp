// SPDX-License-Identifier: MIT
#include "replica/status.hpp"

#include <algorithm>
#include <charconv>

#include "replica/ending.hpp"

namespace tether::replica {
namespace {

// `sync_status <> 'synced'` in each is what lets SQLite use the partial index, which holds no synced row.
constexpr sql::Statement k_counts{
    "SELECT (SELECT count(*) FROM tether_mutation_logs "
    "        WHERE sync_status IN ('pending', 'syncing') AND sync_status <> 'synced'), "
    "       (SELECT count(*) FROM tether_mutation_logs "
    "        WHERE sync_status = 'failed' AND sync_status <> 'synced' AND settled_by IS NULL), "
    "       (SELECT count(*) FROM tether_conflicts WHERE resolved_at IS NULL)"};

constexpr sql::Statement k_oldest{
    "SELECT mutation_id, timestamp, sync_status, coalesce(rejection_reason, ''), synced_at FROM tether_mutation_logs "
    "WHERE id = "
    "(SELECT min(id) FROM ("
    "SELECT min(id) AS id FROM tether_mutation_logs WHERE sync_status = 'pending' AND sync_status <> 'synced' UNION "
    "ALL "
    "SELECT min(id) FROM tether_mutation_logs WHERE sync_status = 'syncing' AND sync_status <> 'synced' UNION ALL "
    "SELECT min(id) FROM tether_mutation_logs WHERE sync_status = 'failed' AND sync_status <> 'synced' "
    "AND settled_by IS NULL))"};

/// Why a mutation is not on the server, for a person.
std::string reason_of(std::string_view sync_status, std::string_view rejection, bool acknowledged_before,
                      const std::string& last_push) {
  if (sync_status == "failed") return "rejected: " + std::string(rejection);
  if (!last_push.empty()) return last_push;
  if (!rejection.empty()) return "put off by the server: " + std::string(rejection);
  if (acknowledged_before) return "to be sent again, as the server was restored from a backup";
  return "not pushed yet";
}

std::optional<OldestUnsent> oldest_unsent(sql::Transaction& transaction, std::int64_t now_ms) {
  const std::string last_push = why_ended_early(transaction);
  std::optional<OldestUnsent> oldest;
  transaction.run(k_oldest, {}, [&](const sql::Row& row) {
    const std::int64_t age_ms = std::max<std::int64_t>(0, now_ms - row.integer(1));
    oldest = {{std::string(row.text(0))}, age_ms, reason_of(row.text(2), row.text(3), !row.is_null(4), last_push)};
  });
  return oldest;
}

std::optional<Cursor> cursor_of(const std::optional<std::string>& text) {
  std::int64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (fault != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return Cursor{value};
}

}  // namespace

Status status(File& file) {
  return sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    Status status;
    transaction.run(k_counts, {}, [&](const sql::Row& row) {
      status.pending = row.integer(0);
      status.failed = row.integer(1);
      status.conflicts = row.integer(2);
    });
    status.cursor = cursor_of(state(transaction, "last_sync_cursor"));
    status.last_sync_at = state(transaction, "last_sync_at").value_or("");
    status.oldest_unsent = oldest_unsent(transaction, to_ms(file.clock().now()));
    return status;
  });
}

}  // namespace tether::replica
