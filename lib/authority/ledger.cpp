// SPDX-License-Identifier: MIT
#include "authority/ledger.hpp"

#include <algorithm>
#include <utility>

#include "authority/authors_text.hpp"

namespace tether::authority {
namespace {

using sql::BatchStatement;
using sql::Column;
using sql::Null;
using sql::Row;
using sql::Statement;
using sql::Type;
using sql::Value;

constexpr Column k_id_columns[] = {{"mutation_id", Type::text}};
constexpr BatchStatement k_decided{
    "SELECT m.mutation_id, m.content_hash, m.outcome, m.rev, m.data "
    "FROM {rows} AS r CROSS JOIN {each tether_mutations AS m WHERE m.scope = $1 AND m.mutation_id = r.mutation_id}",
    k_id_columns};

constexpr Column k_key_columns[] = {{"model", Type::text}, {"entity_id", Type::text}};
constexpr BatchStatement k_records{
    "SELECT t.model, t.entity_id, t.payload, t.rev, t.deleted, t.as_sent, t.written_at_ms, t.written_by, "
    "t.written_version, t.updated_us, t.created_us, t.authors "
    "FROM {rows} AS r CROSS JOIN {each tether_records AS t "
    "WHERE t.scope = $1 AND t.model = r.model AND t.entity_id = r.entity_id}",
    k_key_columns};

constexpr Statement k_head{"SELECT clock_us, horizon_us, forgotten_ms, epoch FROM tether_scopes WHERE scope = $1"};
constexpr Statement k_ensure_head{
    "INSERT INTO tether_scopes(scope, clock_us, epoch) VALUES ($1, 0, $2) "
    "ON CONFLICT (scope) DO UPDATE SET epoch = tether_scopes.epoch RETURNING epoch"};
constexpr Statement k_take{
    "UPDATE tether_scopes SET before_us = clock_us, "
    "clock_us = CASE WHEN clock_us + $2 > $3 THEN clock_us + $2 ELSE $3 END "
    "WHERE scope = $1 RETURNING before_us, clock_us"};
constexpr Statement k_renew_epoch{"UPDATE tether_scopes SET epoch = $2 WHERE scope = $1"};

constexpr Column k_decision_columns[] = {
    {"mutation_id", Type::text},  {"client_id", Type::text},      {"model", Type::text},  {"entity_id", Type::text},
    {"content_hash", Type::text}, {"outcome", Type::text},        {"rev", Type::integer}, {"data", Type::text},
    {"payload", Type::text},      {"timestamp_ms", Type::integer}};
constexpr BatchStatement k_remember{
    "INSERT INTO tether_mutations(scope, mutation_id, client_id, model, entity_id, content_hash, outcome, rev, data, "
    "payload, timestamp_ms, decided_us) "
    "{values $1, mutation_id, client_id, model, entity_id, content_hash, outcome, rev, data, payload, timestamp_ms, "
    "$2} "
    "ON CONFLICT (scope, mutation_id) DO NOTHING",
    k_decision_columns};

constexpr Column k_change_columns[] = {{"model", Type::text},
                                       {"entity_id", Type::text},
                                       {"payload", Type::text},
                                       {"rev", Type::integer},
                                       {"deleted", Type::integer},
                                       {"as_sent", Type::integer},
                                       {"written_at_ms", Type::integer},
                                       {"written_by", Type::text},
                                       {"written_version", Type::integer},
                                       {"updated_us", Type::integer},
                                       {"rev_before", Type::integer},
                                       {"authors", Type::text}};
// An upsert finds its row by the key, whatever a planner thinks of the table. The guard: the record is still what the
// change was decided upon, or still not there.
#define TETHER_UNLESS_OVERTAKEN                                                                                      \
  "ON CONFLICT (scope, model, entity_id) DO UPDATE SET payload = excluded.payload, rev = excluded.rev, "             \
  "deleted = excluded.deleted, as_sent = excluded.as_sent, written_at_ms = excluded.written_at_ms, "                 \
  "written_by = excluded.written_by, written_version = excluded.written_version, updated_us = excluded.updated_us, " \
  "rev_before = excluded.rev_before, authors = excluded.authors WHERE tether_records.rev = excluded.rev_before"
constexpr BatchStatement k_store{
    "INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, "
    "written_version, updated_us, rev_before, authors, created_us) "
    "{values $1, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, written_by, written_version, "
    "updated_us, rev_before, authors, updated_us} " TETHER_UNLESS_OVERTAKEN,
    k_change_columns};
// Both steps as one statement, so that the lock on the head row is held for it and the commit only. `updated_us` holds
// the place in the batch. What was forgotten since the head was read ($4) may have been an id of this batch.
constexpr BatchStatement k_store_at_once{
    "WITH head AS (UPDATE tether_scopes SET before_us = clock_us, "
    "clock_us = CASE WHEN clock_us + $2 > $3 THEN clock_us + $2 ELSE $3 END "
    "WHERE scope = $1 AND forgotten_ms = $4 RETURNING before_us, clock_us), "
    "stored AS (INSERT INTO tether_records(scope, model, entity_id, payload, rev, deleted, as_sent, written_at_ms, "
    "written_by, written_version, updated_us, rev_before, authors, created_us) "
    "SELECT $1, r.model, r.entity_id, r.payload, r.rev, r.deleted, r.as_sent, r.written_at_ms, r.written_by, "
    "r.written_version, head.clock_us - $2 + r.updated_us, r.rev_before, r.authors, head.clock_us - $2 + r.updated_us "
    "FROM {rows} AS r CROSS JOIN head " TETHER_UNLESS_OVERTAKEN
    " RETURNING 1) "
    "SELECT before_us, clock_us, (SELECT count(*) FROM stored) FROM head",
    k_change_columns};
#undef TETHER_UNLESS_OVERTAKEN

Value text(std::string_view view) {
  return Value(view);
}

Value integer(std::int64_t number) {
  return Value(number);
}

rules::Record read_record(const Row& row) {
  return {.rev = Rev{row.integer(3)},
          .payload = std::string(row.text(2)),
          .deleted = row.integer(4) != 0,
          .as_sent = row.integer(5) != 0,
          .written_at_ms = row.integer(6),
          .written_by = ClientId{std::string(row.text(7))},
          .written_version = row.integer(8),
          .authors = read_authors(row.text(11), Rev{row.integer(3)}),
          .updated_at = Cursor{row.integer(9)},
          .created_us = row.integer(10)};
}

bool took_effect(std::string_view outcome) {
  return outcome == "applied" || outcome == "merged";
}

/// `texts` outlives the batch.
sql::Batch rows_of(std::span<const RecordChange> changes, std::vector<std::string>& texts) {
  texts.reserve(changes.size());
  sql::Batch rows;
  rows.reserve(changes.size() * std::size(k_change_columns));
  for (const auto& [entity, record, rev_before] : changes) {
    const std::string& authors = texts.emplace_back(authors_text(record.authors, record.rev));
    rows.insert(rows.end(),
                {text(entity.model), text(entity.id), text(record.payload), integer(record.rev.value),
                 integer(record.deleted ? 1 : 0), integer(record.as_sent ? 1 : 0), integer(record.written_at_ms),
                 text(record.written_by.value), integer(record.written_version), integer(record.updated_at.value),
                 integer(rev_before.value), authors.empty() ? Value(Null{}) : text(authors)});
  }
  return rows;
}

void stamp(std::span<RecordChange> changes, std::int64_t first) {
  for (RecordChange& change : changes) change.record.updated_at = Cursor{first++};
}

}  // namespace

void Ledger::decided(std::span<const std::string_view> mutation_ids,
                     const std::function<void(std::string_view id, Decided)>& found) {
  const sql::Batch rows(mutation_ids.begin(), mutation_ids.end());
  transaction_.run_many(k_decided, {text(scope_.value)}, rows, [&](const Row& row) {
    found(row.text(0), {.content_hash = std::string(row.text(1)),
                        .outcome = std::string(row.text(2)),
                        .rev = Rev{row.integer(3)},
                        .data = std::string(row.text(4))});
  });
}

void Ledger::records(std::span<const EntityRef> entities, const std::function<void(EntityRef, rules::Record)>& found) {
  sql::Batch rows;
  rows.reserve(entities.size() * std::size(k_key_columns));
  for (const auto& entity : entities) rows.insert(rows.end(), {text(entity.model), text(entity.id)});
  transaction_.run_many(k_records, {text(scope_.value)}, rows, [&](const Row& row) {
    found({row.text(0), row.text(1)}, read_record(row));
  });
}

std::optional<ScopeHead> Ledger::head() {
  std::optional<ScopeHead> head;
  transaction_.run(k_head, {text(scope_.value)}, [&](const Row& row) {
    head = read_head(row);
    forgotten_ms_ = head->forgotten_ms;
  });
  return head;
}

std::string Ledger::ensure_head(std::string_view epoch) {
  std::string kept;
  transaction_.run(k_ensure_head, {text(scope_.value), text(epoch)}, [&](const Row& row) { kept = row.text(0); });
  return kept;
}

Ledger::Taken Ledger::take(std::int64_t count, std::int64_t now_us) {
  std::int64_t before = 0;
  std::int64_t last = 0;
  const auto rows =
      transaction_.run(k_take, {text(scope_.value), integer(count), integer(now_us)}, [&](const Row& row) {
        before = row.integer(0);
        last = row.integer(1);
      });
  TETHER_ASSERT(rows == 1);
  return {.before = before, .first = last - count + 1};
}

bool Ledger::remember(std::span<const Decision> decisions, std::int64_t decided_us) {
  // In one order everywhere, so that two batches which hold the same ids never wait for each other.
  std::vector<const Decision*> sorted;
  sorted.reserve(decisions.size());
  for (const Decision& decision : decisions) sorted.push_back(&decision);
  std::ranges::sort(
      sorted, {}, [](const Decision* decision) -> const std::string& { return decision->mutation->mutation_id.value; });
  sql::Batch rows;
  rows.reserve(decisions.size() * std::size(k_decision_columns));
  for (const Decision* decision : sorted) {
    const auto& [mutation, client, decided] = *decision;
    const bool lost = !took_effect(decided->outcome) || !decided->data.empty();
    rows.insert(rows.end(), {text(mutation->mutation_id.value), text(client->value), text(mutation->model.value),
                             text(mutation->entity_id.value), text(decided->content_hash), text(decided->outcome),
                             integer(decided->rev.value), decided->data.empty() ? Value(Null{}) : text(decided->data),
                             lost ? text(mutation->payload) : Value(Null{}), integer(mutation->timestamp_ms)});
  }
  const auto count = transaction_.run_many(k_remember, {text(scope_.value), integer(decided_us)}, rows);
  return count == static_cast<std::int64_t>(decisions.size());
}

std::optional<Ledger::Taken> Ledger::store(std::span<RecordChange> changes, std::int64_t further, std::int64_t now_us) {
  return transaction_.engine() == sql::Engine::postgres ? store_at_once(changes, further, now_us)
                                                        : store_in_steps(changes, further, now_us);
}

std::optional<Ledger::Taken> Ledger::store_in_steps(std::span<RecordChange> changes, std::int64_t further,
                                                    std::int64_t now_us) {
  const Taken taken = take(std::ssize(changes) + further, now_us);
  stamp(changes, taken.first);
  std::vector<std::string> authors;
  const auto stored = transaction_.run_many(k_store, {text(scope_.value)}, rows_of(changes, authors));
  return stored == std::ssize(changes) ? std::optional(taken) : std::nullopt;
}

std::optional<Ledger::Taken> Ledger::store_at_once(std::span<RecordChange> changes, std::int64_t further,
                                                   std::int64_t now_us) {
  stamp(changes, 1);
  const std::int64_t count = std::ssize(changes) + further;
  std::optional<Taken> taken;
  std::vector<std::string> authors;
  const auto note = [&](const Row& row) {
    if (row.integer(2) == std::ssize(changes)) taken = {row.integer(0), row.integer(1) - count + 1};
  };
  transaction_.run_many(k_store_at_once, {text(scope_.value), integer(count), integer(now_us), integer(forgotten_ms_)},
                        rows_of(changes, authors), note);
  if (taken) stamp(changes, taken->first);
  return taken;
}

std::int64_t renew_epochs(sql::Transaction& transaction, const std::function<std::string()>& new_epoch) {
  const std::vector<Scope> all = scopes(transaction);
  for (const Scope& scope : all) transaction.run(k_renew_epoch, {text(scope.value), text(new_epoch())});
  return static_cast<std::int64_t>(all.size());
}

}  // namespace tether::authority
