// SPDX-License-Identifier: MIT
#include "replica/adopt.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "replica/file.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

// Present: no pull has brought everything since the file was adopted.
constexpr std::string_view k_pull_first = "pull_first";

constexpr sql::Statement k_whole_log{
    "SELECT model, entity_id, id, operation, payload, version, timestamp, sync_status, settled_by, mutation_id, "
    "rejection_data "
    "FROM tether_mutation_logs ORDER BY model, entity_id, id"};

constexpr sql::Statement k_add_conflict{
    "INSERT INTO tether_conflicts(mutation_id, model, entity_id, operation, base, mine, theirs, theirs_deleted, "
    "theirs_rev, detected_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};

// Elsewhere in this room, a mutation that is pending and has a time was acknowledged before its server was restored.
constexpr sql::Statement k_clear_times{
    "UPDATE tether_mutation_logs SET synced_at = NULL WHERE sync_status <> 'synced' AND synced_at IS NOT NULL"};

/// One entity while its mutations go by.
struct Folding {
  RecordRow row;
  rules::LocalState server;
  std::vector<OpenMutation> open;
};

Operation operation_of(const sql::Row& row) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::corrupt, "mutation " + std::string(row.text(9)) + " of the log has " + what,
                "Mend or remove that row of tether_mutation_logs, then adopt the file again.");
  };
  const std::optional<Operation> operation = protocol::operation_named(row.text(3));
  if (!operation) fail("the unknown operation '" + std::string(row.text(3)) + "'");
  try {
    protocol::check_object(row.text(4));
  } catch (const Error& e) {
    fail(std::string("a payload that is no JSON object: ") + e.what());
  }
  return *operation;
}

/// As far as the log tells. The original client reads nothing but the state in it.
protocol::ConflictReport what_won(const sql::Row& row) {
  try {
    return protocol::decode_conflict_data({std::string(row.text(9))}, row.text(10));
  } catch (const Error&) {
    return {};
  }
}

/// The losing side waits for a person, like one that lost here; what won is the server's state.
void keep_conflict(sql::Transaction& transaction, Folding& folding, Operation operation, const sql::Row& row,
                   Instant now) {
  const protocol::ConflictReport won = what_won(row);
  const std::string theirs = protocol::without_member(won.server_state, "tether_id");
  const bool had_seen = operation != Operation::create && folding.server.exists;
  const std::string base = had_seen ? folding.server.payload : "{}";
  transaction.run(k_add_conflict,
                  {row.text(9), row.text(0), row.text(1), protocol::name(operation), base, row.text(4), theirs,
                   std::int64_t{won.deleted}, won.server_rev.value_or(Rev{0}).value, rfc3339_ms(now)});
  const bool says_nothing = won.server_state == "{}" && !won.deleted;  // then the pull brings the row
  if (!says_nothing) folding.server = {.exists = true, .deleted = won.deleted, .payload = theirs};
}

void take(sql::Transaction& transaction, Folding& folding, const sql::Row& row, Instant now) {
  Operation operation = operation_of(row);
  const std::string_view status = row.text(7);
  if (status == "synced") {
    // The server took this update, so it has the entity, even if somebody else made it.
    if (operation == Operation::update && !folding.server.exists) operation = Operation::create;
    folding.server = rules::after(std::move(folding.server), operation, row.text(4), std::nullopt);
    if (!folding.open.empty()) {
      folding.open.push_back({row.integer(2), operation, std::string(row.text(4)), std::nullopt, /*taken=*/true});
    }
  } else if (status == "conflict") {
    if (row.is_null(8)) keep_conflict(transaction, folding, operation, row, now);
  } else if (row.is_null(8)) {
    folding.open.push_back({row.integer(2), operation, std::string(row.text(4)), std::nullopt});
  }
  folding.row.version = std::max(folding.row.version, row.integer(5));
  folding.row.updated_at_ms = row.integer(6);
}

void store(sql::Transaction& transaction, Folding folding) {
  const auto stored = laid_over(std::move(folding.row), folding.server, folding.open);
  if (stored) write_record(transaction, *stored);
}

void fold_log(sql::Transaction& transaction, Instant now) {
  std::optional<Folding> folding;
  transaction.run(k_whole_log, {}, [&](const sql::Row& row) {
    const EntityKey key{{std::string(row.text(0))}, {std::string(row.text(1))}};
    if (folding && folding->row.key != key) {
      store(transaction, *std::exchange(folding, std::nullopt));
    }
    if (!folding) {
      folding.emplace();
      folding->row.key = key;
    }
    take(transaction, *folding, row, now);
  });
  if (folding) store(transaction, *std::move(folding));
}

}  // namespace

void take_over_log(sql::Transaction& transaction, Instant now) {
  transaction.run(k_clear_times, {});
  fold_log(transaction, now);
  // What others wrote before it is in the application's tables alone.
  clear_state(transaction, "last_sync_cursor");
  set_state(transaction, k_pull_first, "1", now);
}

bool must_pull_first(sql::Transaction& transaction) {
  return state(transaction, k_pull_first).has_value();
}

void note_pulled_whole(sql::Transaction& transaction) {
  clear_state(transaction, k_pull_first);
}

}  // namespace tether::replica
