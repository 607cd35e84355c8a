// SPDX-License-Identifier: MIT
#include "replica/replay.hpp"

#include <limits>
#include <utility>

#include "replica/partial_file.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"
#include "sql/sqlite.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

// Sorted by SQLite, which spills what does not fit its cache to a temporary file. What an edit says is read by its id:
// payloads that go through the sorter are all held until it spills.
constexpr sql::Statement k_log_by_entity{
    "SELECT model, entity_id, id, 0 FROM tether_mutation_logs "
    "WHERE sync_status <> 'conflict' AND settled_by IS NULL AND id <= $1 AND timestamp <= $2 "
    "ORDER BY model, entity_id, id"};

// Behind an open edit also what the server took: that takes the place of what the open one wrote.
constexpr sql::Statement k_open_by_entity{
    "SELECT model, entity_id, id, 0 FROM tether_mutation_logs WHERE sync_status <> 'synced' AND " TETHER_IS_OPEN
    " UNION ALL SELECT log.model, log.entity_id, log.id, 1 FROM (SELECT model, entity_id, min(id) AS first "
    "FROM tether_mutation_logs WHERE sync_status <> 'synced' AND " TETHER_IS_OPEN
    " GROUP BY model, entity_id) AS open JOIN tether_mutation_logs AS log ON log.entity_id = open.entity_id "
    "AND log.model = open.model AND log.id > open.first WHERE " TETHER_IS_TAKEN " ORDER BY 1, 2, 3"};

constexpr sql::Statement k_edit{"SELECT operation, payload, before FROM tether_mutation_logs WHERE id = $1"};

constexpr sql::Statement k_log_id{"SELECT id FROM tether_mutation_logs WHERE mutation_id = $1"};

// Records that say that something is open, although the log has nothing.
constexpr sql::Statement k_open_without_log{
    "SELECT " TETHER_RECORD_COLUMNS
    " FROM tether_records AS record WHERE open_log_id IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM tether_mutation_logs AS log WHERE log.entity_id = record.entity_id AND log.model = record.model "
    "AND " TETHER_IS_OPEN ")"};

constexpr sql::Statement k_count_records{"SELECT count(*) FROM tether_records"};

constexpr sql::Statement k_insert{"INSERT INTO records(model, entity_id, payload, deleted) VALUES ($1, $2, $3, $4)"};

constexpr std::string_view k_plain_tables =
    "CREATE TABLE records(model TEXT NOT NULL, entity_id TEXT NOT NULL, payload TEXT NOT NULL, "
    "deleted INTEGER NOT NULL, PRIMARY KEY (model, entity_id))";

struct Folded {
  EntityKey key;
  rules::LocalState beneath;
  std::int64_t newest_log_id = 0;
  rules::LocalState state = beneath;
};

/// Folds edits that come sorted by entity; the sink is given each entity when it is complete.
class Fold {
 public:
  using Start = std::function<rules::LocalState(const EntityKey&)>;
  using Sink = std::function<void(const Folded&)>;
  Fold(sql::Transaction& transaction, Start start, Sink sink)
      : transaction_(transaction), start_(std::move(start)), sink_(std::move(sink)) {}

  /// `row`: model, entity, log id, and whether the server took it already, as `beneath` shows.
  void add(const sql::Row& row) {
    if (!current_ || current_->key.id.value != row.text(1) || current_->key.model.value != row.text(0)) begin(row);
    const bool taken = row.integer(3) != 0;
    if (!taken) current_->newest_log_id = row.integer(2);
    transaction_.run(k_edit, {row.integer(2)}, [&](const sql::Row& edit) { apply(edit, taken); });
  }

  void finish() {
    if (current_) sink_(*current_);
    current_.reset();
  }

  /// An update of an entity that this log did not create carries its whole payload: it is where the entity begins.
  void begin_at_updates() { begins_at_updates_ = true; }

 private:
  void begin(const sql::Row& row) {
    finish();
    const EntityKey key{{std::string(row.text(0))}, {std::string(row.text(1))}};
    current_ = Folded{.key = key, .beneath = start_(key)};
  }

  void apply(const sql::Row& edit, bool taken) {
    Operation operation = protocol::operation_named(edit.text(0)).value_or(Operation::update);
    if (begins_at_updates_ && operation == Operation::update && !current_->state.exists) operation = Operation::create;
    std::optional<std::string> before;
    if (!edit.is_null(2)) before = std::string(edit.text(2));
    rules::LocalState& state = current_->state;
    state = taken ? rules::after_taken(std::move(state), current_->beneath, operation, edit.text(1), before)
                  : rules::after(std::move(state), operation, edit.text(1), before);
  }

  sql::Transaction& transaction_;
  Start start_;
  Sink sink_;
  std::optional<Folded> current_;
  bool begins_at_updates_ = false;
};

std::string seen(bool deleted, const std::string& payload) {
  return deleted ? "deleted" : payload;
}

/// The live record against what it should be; nullopt when they agree.
std::optional<Difference> difference(const std::optional<RecordRow>& live, const Folded& folded) {
  const bool deleted = folded.state.deleted || !folded.state.exists;
  const std::string replayed = seen(deleted, folded.state.payload);
  if (!live) return Difference{folded.key, "absent", replayed};
  if (!live->open_log_id || *live->open_log_id != folded.newest_log_id) {
    return Difference{folded.key, seen(live->deleted, live->payload) + " (not marked as having an open edit)",
                      replayed};
  }
  const bool same = live->deleted == deleted && (deleted || rules::same_fields(live->payload, folded.state.payload));
  if (same) return std::nullopt;
  return Difference{folded.key, seen(live->deleted, live->payload), replayed};
}

std::int64_t log_id(sql::Transaction& transaction, const MutationId& mutation) {
  std::optional<std::int64_t> id;
  transaction.run(k_log_id, {mutation.value}, [&](const sql::Row& row) { id = row.integer(0); });
  if (id) return *id;
  throw Error(ErrorCode::not_found, "there is no mutation " + mutation.value, "`tether log` shows what there is.");
}

/// Records with an open edit against base and log. Returns how many of them have no row at all.
std::int64_t check_open(sql::Transaction& transaction, const std::function<void(const Difference&)>& sink,
                        const std::function<void(std::int64_t)>& progress) {
  std::int64_t absent = 0;
  std::optional<RecordRow> live;
  const auto start = [&](const EntityKey& key) {
    live = read_record(transaction, key);
    if (!live) ++absent;
    return live ? server_state(*live) : rules::LocalState{};
  };
  Fold fold(transaction, start, [&](const Folded& folded) {
    if (const auto found = difference(live, folded)) sink(*found);
  });
  std::int64_t replayed = 0;
  transaction.run(k_open_by_entity, {}, [&](const sql::Row& row) {
    fold.add(row);
    progress(++replayed);
  });
  fold.finish();
  return absent;
}

/// Records that claim an open edit which the log does not have.
void check_claims(sql::Transaction& transaction, const std::function<void(const Difference&)>& sink) {
  transaction.run(k_open_without_log, {}, [&](const sql::Row& row) {
    const RecordRow record = record_row(row);
    const rules::LocalState server = server_state(record);
    sink({record.key, seen(record.deleted, record.payload) + " (marked as having an open edit)",
          server.exists ? seen(server.deleted, server.payload) : "absent"});
  });
}

}  // namespace

void replay_log(sql::Transaction& transaction, const ReplayUntil& until,
                const std::function<void(const ReplayedRecord&)>& sink) {
  constexpr std::int64_t k_end = std::numeric_limits<std::int64_t>::max();
  const std::int64_t last_id = until.mutation ? log_id(transaction, *until.mutation) : k_end;
  Fold fold(
      transaction, [](const EntityKey&) { return rules::LocalState{}; },
      [&](const Folded& folded) {
        sink({folded.key, folded.state.payload, folded.state.deleted});
      });
  fold.begin_at_updates();
  transaction.run(k_log_by_entity, {last_id, until.time_ms.value_or(k_end)},
                  [&](const sql::Row& row) { fold.add(row); });
  fold.finish();
}

std::int64_t replay_to(File& file, const ReplayUntil& until, const std::string& path,
                       const std::function<void(std::int64_t)>& progress) {
  PartialFile made(path);
  std::int64_t written = 0;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& reading) {
    const auto target = sql::open_sqlite({.path = made.path(), .open = sql::Open::create});
    target->execute_script(k_plain_tables);
    sql::in_transaction(*target, sql::Access::write, [&](sql::Transaction& writing) {
      replay_log(reading, until, [&](const ReplayedRecord& record) {
        written += writing.run(
            k_insert, {record.key.model.value, record.key.id.value, record.payload, std::int64_t{record.deleted}});
        progress(written);
      });
    });
  });
  made.publish();
  return written;
}

std::int64_t replay_check(sql::Transaction& transaction, const std::function<void(const Difference&)>& sink,
                          const std::function<void(std::int64_t)>& progress) {
  std::int64_t compared = check_open(transaction, sink, progress);
  check_claims(transaction, sink);
  transaction.run(k_count_records, {}, [&](const sql::Row& row) { compared += row.integer(0); });
  return compared;
}

}  // namespace tether::replica
