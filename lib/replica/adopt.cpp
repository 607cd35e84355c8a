// SPDX-License-Identifier: MIT
#include "replica/adopt.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/payload.hpp"
#include "replica/file.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

// Present: no pull has brought everything since the file was adopted.
constexpr std::string_view k_pull_first = "pull_first";

constexpr sql::Statement k_whole_log{
    "SELECT model, entity_id, id, operation, payload, version, timestamp, sync_status, settled_by, mutation_id "
    "FROM tether_mutation_logs ORDER BY model, entity_id, id"};

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

void take(Folding& folding, const sql::Row& row) {
  Operation operation = operation_of(row);
  const std::string_view status = row.text(7);
  if (status == "synced") {
    // The server took this update, so it has the entity, even if somebody else made it.
    if (operation == Operation::update && !folding.server.exists) operation = Operation::create;
    folding.server = rules::after(std::move(folding.server), operation, row.text(4), std::nullopt);
    if (!folding.open.empty()) {
      folding.open.push_back({row.integer(2), operation, std::string(row.text(4)), std::nullopt, /*taken=*/true});
    }
  } else if (status != "conflict" && row.is_null(8)) {
    folding.open.push_back({row.integer(2), operation, std::string(row.text(4)), std::nullopt});
  }
  folding.row.version = std::max(folding.row.version, row.integer(5));
  folding.row.updated_at_ms = row.integer(6);
}

void store(sql::Transaction& transaction, Folding folding) {
  const auto stored = laid_over(std::move(folding.row), folding.server, folding.open);
  if (stored) write_record(transaction, *stored);
}

void fold_log(sql::Transaction& transaction) {
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
    take(*folding, row);
  });
  if (folding) store(transaction, *std::move(folding));
}

}  // namespace

void take_over_log(sql::Transaction& transaction, Instant now) {
  transaction.run(k_clear_times, {});
  fold_log(transaction);
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
