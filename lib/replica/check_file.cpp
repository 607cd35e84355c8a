// SPDX-License-Identifier: MIT
// What `tether doctor` can tell from the file alone.
#include <optional>
#include <utility>
#include <vector>

#include "replica/record_row.hpp"
#include "replica/replay.hpp"
#include "replica/schema.hpp"
#include "replica/status.hpp"
#include "replica/upkeep.hpp"
#include "sql/sqlite.hpp"

namespace tether::replica {
namespace {

constexpr std::chrono::hours k_queue_age_warning{24};
constexpr std::size_t k_named_max = 3;  // differing records named in a detail; the rest is counted

constexpr sql::Statement k_unreadable{
    "SELECT count(*), min(mutation_id) FROM tether_mutation_logs WHERE sync_status <> 'synced' AND "
    "(NOT json_valid(payload) OR operation NOT IN ('create', 'update', 'delete') OR "
    "sync_status NOT IN ('pending', 'syncing', 'failed', 'conflict'))"};

// Rows without a rev, that no mutation of this file made: once a server was restored, those that it lost.
constexpr sql::Statement k_only_here{
    "SELECT model, entity_id FROM tether_records AS record WHERE rev = 0 AND deleted = 0 AND open_log_id IS NULL "
    "AND generation < (SELECT CAST(value AS INTEGER) FROM tether_sync_state WHERE key = 'generation') "
    "AND EXISTS (SELECT 1 FROM tether_sync_state WHERE key = 'restored_at') "
    "AND EXISTS (SELECT 1 FROM tether_sync_state WHERE key = 'last_sync_cursor') "
    "AND NOT EXISTS (SELECT 1 FROM tether_sync_state WHERE key = 'full_pull') "
    "AND NOT EXISTS (SELECT 1 FROM tether_mutation_logs AS log WHERE log.entity_id = record.entity_id "
    "AND log.model = record.model AND log.sync_status = 'synced') ORDER BY model, entity_id"};

std::string counted(std::int64_t number, std::string_view singular) {
  return std::to_string(number) + " " + std::string(singular) + (number == 1 ? "" : "s");
}

Check check_integrity(File& file) {
  std::string found;
  file.database().execute("PRAGMA integrity_check(10)", {}, [&](const sql::Row& row) {
    if (!found.empty()) found += "; ";
    found += row.text(0);
  });
  if (found == "ok") return {"integrity", CheckResult::ok, "SQLite finds no damage"};
  return {"integrity", CheckResult::failed,
          found + ". To go on, " + sql::way_back_from(file.path()) + " Or make a new file and pull."};
}

Check check_schema(File& file, bool fix) {
  std::string names;
  for (const SchemaObject& object : missing_objects(file.database())) {
    if (!fix && object.name == k_later_table) continue;  // a file of an earlier tether gets it when it is written to
    names += (names.empty() ? "" : ", ") + object.type + " " + object.name;
  }
  if (names.empty()) return {"schema", CheckResult::ok, "complete"};
  if (!fix) return {"schema", CheckResult::failed, "missing: " + names + ". `tether doctor --fix` makes it again."};
  sql::in_transaction(file.database(), sql::Access::write,
                      [&](sql::Transaction&) { add_missing_objects(file.database()); });
  return {"schema", CheckResult::ok, "made again: " + names, true};
}

Check check_log(File& file) {
  std::int64_t unreadable = 0;
  std::string first;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_unreadable, {}, [&](const sql::Row& row) {
      unreadable = row.integer(0);
      first = row.text(1);
    });
  });
  if (unreadable == 0) return {"log", CheckResult::ok, "every unsent mutation can be read"};
  return {"log", CheckResult::failed,
          counted(unreadable, "unsent mutation") + " cannot be read, the first is " + first +
              ". Another program wrote into the log; `tether log` shows them."};
}

using Told = std::function<void(std::int64_t)>;

std::vector<Difference> differences(File& file, std::int64_t& compared, const Told& progress) {
  std::vector<Difference> found;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    compared = replay_check(
        transaction, [&](const Difference& difference) { found.push_back(difference); }, progress);
  });
  return found;
}

void compute_anew(File& file, const std::vector<Difference>& differing) {
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    for (const Difference& difference : differing) {
      RecordRow row = read_record(transaction, difference.key).value_or(RecordRow{.key = difference.key});
      const rules::LocalState server = server_state(row);
      row.updated_at_ms = to_ms(file.clock().now());
      store_over(transaction, std::move(row), server);
    }
  });
}

Check check_records(File& file, bool fix, const Told& progress) {
  std::int64_t compared = 0;
  const std::vector<Difference> differing = differences(file, compared, progress);
  if (differing.empty()) {
    return {"records", CheckResult::ok, "compared " + counted(compared, "record") + " with the log: none differs"};
  }
  std::string names;
  for (std::size_t i = 0; i < differing.size() && i < k_named_max; ++i) {
    names += (i == 0 ? "" : ", ") + differing[i].key.model.value + " " + differing[i].key.id.value;
  }
  if (differing.size() > k_named_max) names += ", …";
  const std::string detail = counted(static_cast<std::int64_t>(differing.size()), "record") +
                             (differing.size() == 1 ? " differs" : " differ") + " from the log: " + names;
  if (!fix) return {"records", CheckResult::failed, detail + ". `tether doctor --fix` computes them anew."};
  compute_anew(file, differing);
  return {"records", CheckResult::ok, detail + "; computed anew", true};
}

/// What a restored server lost and this log cannot bring back, as others wrote it; nullopt: nothing.
std::optional<Check> check_only_here(File& file) {
  std::string names;
  std::size_t found = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_only_here, {}, [&](const sql::Row& row) {
      if (++found > k_named_max) return;
      names += (found == 1 ? "" : ", ") + std::string(row.text(0)) + " " + std::string(row.text(1));
    });
  });
  if (found == 0) return std::nullopt;
  if (found > k_named_max) names += ", …";
  return Check{"restored", CheckResult::warning,
               counted(static_cast<std::int64_t>(found), "record") +
                   " that the server lost when it was restored: " + names +
                   ". Whoever wrote them sends them again with their next sync; until then they are only here. "
                   "A new file that pulls is without them."};
}

/// Nobody but a person knows whether the other one is still used; nullopt: there is none.
std::optional<Check> check_copy(File& file) {
  const auto since = sql::in_transaction(file.database(), sql::Access::read, [](sql::Transaction& transaction) {
    return state(transaction, "kept_id_at");
  });
  if (!since) return std::nullopt;
  const std::string& id = file.client_id().value;
  return Check{"copy", CheckResult::warning,
               "this file was copied or moved (noticed at " + *since + ") and kept its client id " + id +
                   ", as that was given by hand. Two files that write under one id take each other's edits for their "
                   "own: use only one of them. `tether init --client-id " +
                   id + "` in this one says that it is the one."};
}

Check check_queue(File& file) {
  const Status now = status(file);
  if (!now.oldest_unsent) return {"queue", CheckResult::ok, "everything is on the server"};
  const std::chrono::milliseconds age{now.oldest_unsent->age_ms};
  const std::string detail = std::to_string(now.pending + now.failed) + " unsent, the oldest for " +
                             human_duration(age) + ": " + now.oldest_unsent->reason;
  if (now.failed > 0) return {"queue", CheckResult::warning, detail + ". `tether retry` puts failed ones back."};
  if (age < k_queue_age_warning) return {"queue", CheckResult::ok, detail};
  return {"queue", CheckResult::warning, detail + ". `tether sync` sends them."};
}

}  // namespace

std::vector<Check> check_file(File& file, bool fix, const std::function<void(std::int64_t)>& progress) {
  std::vector<Check> checks{check_integrity(file)};
  // What a damaged file says about the rest is worth nothing, and mending it would spread the damage.
  if (checks.front().result == CheckResult::failed) return checks;
  checks.push_back(check_schema(file, fix));
  checks.push_back(check_log(file));
  checks.push_back(check_records(file, fix, progress));
  if (std::optional<Check> found = check_only_here(file)) checks.push_back(*std::move(found));
  if (std::optional<Check> found = check_copy(file)) checks.push_back(*std::move(found));
  checks.push_back(check_queue(file));
  return checks;
}

}  // namespace tether::replica
