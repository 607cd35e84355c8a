// SPDX-License-Identifier: MIT
#include "replica/conflicts.hpp"

#include <string_view>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/payload.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

#define TETHER_CONFLICT_COLUMNS                                                                                    \
  "SELECT mutation_id, model, entity_id, operation, base, mine, theirs, theirs_deleted, theirs_rev, detected_at, " \
  "resolved_at, resolution, (SELECT rejection_data FROM tether_mutation_logs AS log "                              \
  "WHERE log.mutation_id = tether_conflicts.mutation_id) FROM tether_conflicts "

constexpr sql::Statement k_open{TETHER_CONFLICT_COLUMNS "WHERE resolved_at IS NULL ORDER BY detected_at, mutation_id"};
constexpr sql::Statement k_all{TETHER_CONFLICT_COLUMNS "ORDER BY detected_at, mutation_id"};
constexpr sql::Statement k_of_mutation{TETHER_CONFLICT_COLUMNS "WHERE mutation_id = $1"};
constexpr sql::Statement k_of_entity{TETHER_CONFLICT_COLUMNS
                                     "WHERE resolved_at IS NULL AND entity_id = $1 ORDER BY mutation_id LIMIT 2"};

// What was written here behind the mutation that lost, and was not refused itself.
constexpr sql::Statement k_later{
    "SELECT operation, before FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1 "
    "AND id > (SELECT id FROM tether_mutation_logs WHERE mutation_id = $3) "
    "AND sync_status IN ('pending', 'syncing', 'synced') ORDER BY id"};

constexpr sql::Statement k_resolve{
    "UPDATE tether_conflicts SET resolved_at = $2, resolution = $3 WHERE mutation_id = $1"};
constexpr sql::Statement k_settle{
    "UPDATE tether_mutation_logs SET settled_by = $2, updated_at = $3 WHERE mutation_id = $1"};

/// In an adopted log something else may stand there.
void say_who_won(ConflictView& view, std::string_view data) {
  try {
    protocol::ConflictReport report = protocol::decode_conflict_data(view.mutation_id, data);
    view.theirs_written_by = std::move(report.server_written_by);
    const std::int64_t updated_at_ms = report.server_updated_at_us / 1000;
    if (updated_at_ms > 0) view.theirs_updated_at = rfc3339_ms(from_ms(updated_at_ms));
  } catch (const Error&) {
    return;  // who it was is not known then
  }
}

ConflictView conflict_view(const sql::Row& row) {
  ConflictView view;
  view.mutation_id = {std::string(row.text(0))};
  view.key = {{std::string(row.text(1))}, {std::string(row.text(2))}};
  view.operation = protocol::operation_named(row.text(3)).value_or(Operation::update);
  view.base = row.text(4);
  view.mine = row.text(5);
  view.theirs = row.text(6);
  view.theirs_deleted = row.integer(7) != 0;
  view.theirs_rev = Rev{row.integer(8)};
  view.detected_at = row.text(9);
  view.resolved_at = row.text(10);
  view.resolution = row.text(11);
  view.fields = rules::differing_fields(view.mine, view.theirs);
  if (row.is_null(12)) return view;
  say_who_won(view, row.text(12));
  return view;
}

ConflictView open_conflict(sql::Transaction& transaction, const MutationId& id) {
  std::optional<ConflictView> found;
  transaction.run(k_of_mutation, {id.value}, [&](const sql::Row& row) { found = conflict_view(row); });
  if (!found) {
    throw Error(ErrorCode::not_found, "there is no conflict of mutation " + id.value,
                "`tether conflicts list` shows those that are open.");
  }
  if (!found->resolved_at.empty()) {
    throw Error(ErrorCode::exists,
                "the conflict of mutation " + id.value + " was resolved at " + found->resolved_at + " (" +
                    found->resolution + ")",
                "To change the record now, use `tether record update`.");
  }
  return *std::move(found);
}

/// Puts `fields` over what stands now; what is gone is made again under its id, with `fields` over `gone`.
std::optional<Recorded> lay_over_present(Recorder& recorder, sql::Transaction& transaction, const EntityKey& key,
                                         std::string_view fields, std::string_view gone = "{}") {
  const std::optional<RecordRow> present = read_record(transaction, key);
  if (present && !present->deleted) return recorder.update(key, fields);
  return recorder.create(key.model, key.id, rules::overlay(gone, fields));
}

/// What mine changed is put over the record, all of it where the record is gone. Later words of the same person stand:
/// only what they left alone is put over; after a later delete or create, nothing.
std::optional<Recorded> lay_mine_over_present(Recorder& recorder, sql::Transaction& transaction,
                                              const ConflictView& conflict) {
  const RecordRow present =
      read_record(transaction, conflict.key).value_or(RecordRow{.key = conflict.key, .deleted = true});
  std::string fields = present.deleted ? conflict.mine : rules::changes(conflict.base, conflict.mine);
  bool another_life = false;
  transaction.run(k_later, {conflict.key.model.value, conflict.key.id.value, conflict.mutation_id.value},
                  [&](const sql::Row& row) {
                    another_life = another_life || row.text(0) != protocol::name(Operation::update);
                    if (!row.is_null(1)) fields = rules::overlay(fields, rules::selected(present.payload, row.text(1)));
                  });
  if (another_life) return std::nullopt;
  return lay_over_present(recorder, transaction, conflict.key, fields);
}

std::optional<Recorded> remove_present(Recorder& recorder, sql::Transaction& transaction, const EntityKey& key) {
  const std::optional<RecordRow> present = read_record(transaction, key);
  if (!present || present->deleted) return std::nullopt;
  return recorder.remove(key);
}

std::optional<Recorded> record_resolution(File& file, sql::Transaction& transaction, const ConflictView& conflict,
                                          const Resolution& resolution) {
  Recorder recorder(file, transaction);
  switch (resolution.kind) {
    case Resolution::Kind::theirs:
      return std::nullopt;
    case Resolution::Kind::mine:
      if (conflict.operation == Operation::remove) return remove_present(recorder, transaction, conflict.key);
      return lay_mine_over_present(recorder, transaction, conflict);
    case Resolution::Kind::set:
      return lay_over_present(recorder, transaction, conflict.key, resolution.fields, conflict.mine);
    case Resolution::Kind::data:
      return lay_over_present(recorder, transaction, conflict.key, resolution.fields);
  }
  throw Error(ErrorCode::internal, "unknown kind of resolution");
}

void check_as_seen(sql::Transaction& transaction, const EntityKey& key, const Resolution& resolution) {
  if (!resolution.seen) return;
  const std::optional<std::string>& seen = resolution.seen->payload;
  const std::optional<RecordRow> present = read_record(transaction, key);
  const bool exists = present && !present->deleted;
  const auto chosen = [&](const std::string& payload) { return rules::selected(payload, resolution.fields); };
  if (exists == seen.has_value() && (!seen || rules::same_fields(chosen(*seen), chosen(present->payload)))) return;
  throw Error(ErrorCode::exists, "the record changed meanwhile", "Look at it and choose again.");
}

}  // namespace

std::string_view name(Resolution::Kind kind) {
  switch (kind) {
    case Resolution::Kind::mine:
      return "mine";
    case Resolution::Kind::theirs:
      return "theirs";
    case Resolution::Kind::set:
      return "set";
    case Resolution::Kind::data:
      return "data";
  }
  throw Error(ErrorCode::internal, "unknown kind of resolution");
}

void list_conflicts(sql::Transaction& transaction, bool include_resolved,
                    const std::function<void(const ConflictView&)>& sink) {
  transaction.run(include_resolved ? k_all : k_open, {}, [&](const sql::Row& row) { sink(conflict_view(row)); });
}

std::optional<ConflictView> find_conflict(sql::Transaction& transaction, std::string_view id) {
  std::optional<ConflictView> found;
  transaction.run(k_of_mutation, {id}, [&](const sql::Row& row) { found = conflict_view(row); });
  if (found) return found;
  const std::int64_t open =
      transaction.run(k_of_entity, {id}, [&](const sql::Row& row) { found = conflict_view(row); });
  if (open > 1) {
    throw Error(ErrorCode::usage, "entity " + std::string(id) + " has several open conflicts",
                "Name one by its mutation id: `tether conflicts list` shows them.");
  }
  return found;
}

std::optional<Recorded> resolve_conflict(File& file, const MutationId& id, const Resolution& resolution) {
  protocol::check_object(resolution.fields);
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const ConflictView conflict = open_conflict(transaction, id);
    check_as_seen(transaction, conflict.key, resolution);
    std::optional<Recorded> recorded = record_resolution(file, transaction, conflict, resolution);
    const std::string now = rfc3339_ms(file.clock().now());
    transaction.run(k_resolve, {id.value, now, name(resolution.kind)});
    transaction.run(k_settle, {id.value, recorded ? std::string_view(recorded->mutation_id.value) : "dismissed", now});
    return recorded;
  });
}

}  // namespace tether::replica
