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
constexpr std::int64_t k_named_max = 3;  // differing records named in a detail; the rest is counted

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

/// Adds the record that is number `count` of those found, as long as they are few enough to be named.
void name_one_more(std::string& names, std::int64_t count, std::string_view model, std::string_view id) {
  if (count > k_named_max + 1) return;
  names += count == 1 ? "" : ", ";
  names += count > k_named_max ? "…" : std::string(model) + " " + std::string(id);
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

/// The keys of the records that differ, in a table of this connection alone: they may be as many as the records.
class DifferingKeys {
 public:
  explicit DifferingKeys(File& file) : file_(file) {
    file_.database().execute_script(
        "CREATE TEMP TABLE IF NOT EXISTS tether_differing(model TEXT NOT NULL, entity_id TEXT NOT NULL);"
        "DELETE FROM temp.tether_differing");
  }

  void add(sql::Transaction& transaction, const EntityKey& key) {
    transaction.run(sql::Statement{"INSERT INTO temp.tether_differing VALUES ($1, $2)"},
                    {key.model.value, key.id.value});
  }

  void compute_anew() {
    sql::in_transaction(file_.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      transaction.run(sql::Statement{"SELECT model, entity_id FROM temp.tether_differing"}, {},
                      [&](const sql::Row& found) {
                        const EntityKey key{{std::string(found.text(0))}, {std::string(found.text(1))}};
                        RecordRow row = read_record(transaction, key).value_or(RecordRow{.key = key});
                        const rules::LocalState server = server_state(row);
                        row.updated_at_ms = to_ms(file_.clock().now());
                        store_over(transaction, std::move(row), server);
                      });
    });
  }

 private:
  File& file_;
};

Check check_records(File& file, bool fix, const Told& progress) {
  std::optional<DifferingKeys> keys;
  if (fix) keys.emplace(file);
  std::string names;
  std::int64_t differing = 0;
  const std::int64_t compared =
      sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
        const auto note = [&](const Difference& difference) {
          name_one_more(names, ++differing, difference.key.model.value, difference.key.id.value);
          if (keys) keys->add(transaction, difference.key);
        };
        return replay_check(transaction, note, progress);
      });
  if (differing == 0) {
    return {"records", CheckResult::ok, "compared " + counted(compared, "record") + " with the log: none differs"};
  }
  const std::string detail =
      counted(differing, "record") + (differing == 1 ? " differs" : " differ") + " from the log: " + names;
  if (!fix) return {"records", CheckResult::failed, detail + ". `tether doctor --fix` computes them anew."};
  keys->compute_anew();
  return {"records", CheckResult::ok, detail + "; computed anew", true};
}

/// What a restored server lost and this log cannot bring back, as others wrote it; nullopt: nothing.
std::optional<Check> check_only_here(File& file) {
  std::string names;
  std::int64_t found = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(k_only_here, {},
                    [&](const sql::Row& row) { name_one_more(names, ++found, row.text(0), row.text(1)); });
  });
  if (found == 0) return std::nullopt;
  return Check{"restored", CheckResult::warning,
               counted(found, "record") + " that the server lost when it was restored: " + names +
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
