// SPDX-License-Identifier: MIT
#include "replica/recorder.hpp"

#include "protocol/limits.hpp"
#include "protocol/payload.hpp"
#include "replica/adopt.hpp"
#include "replica/record_row.hpp"
#include "rules/fields.hpp"

namespace tether::replica {
namespace {

using protocol::Operation;

constexpr sql::Statement k_append{
    "INSERT INTO tether_mutation_logs(mutation_id, entity_id, model, operation, payload, version, timestamp, "
    "created_at, updated_at, base_rev, before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)"};

// last_insert_rowid() is the log row that was appended just before.
constexpr sql::Statement k_new_record{
    "INSERT INTO tether_records(model, entity_id, payload, version, updated_at, open_log_id) "
    "VALUES ($1, $2, $3, $4, $5, last_insert_rowid())"};

// The first edit of a clean record keeps the server's state beneath it.
constexpr sql::Statement k_edit_record{
    "UPDATE tether_records SET payload = $3, deleted = $4, version = $5, updated_at = $6, "
    "base = CASE WHEN open_log_id IS NULL THEN payload ELSE base END, "
    "base_deleted = CASE WHEN open_log_id IS NULL THEN deleted ELSE base_deleted END, "
    "open_log_id = last_insert_rowid() WHERE model = $1 AND entity_id = $2"};

// A record may be gone while its log is not: an edit that was given up.
constexpr sql::Statement k_last_version{
    "SELECT coalesce(max(version), 0) FROM tether_mutation_logs WHERE entity_id = $2 AND model = $1"};

/// `fields` as they are kept: compact, each member once, every value with its very text.
std::string accepted(std::string_view fields) {
  protocol::ObjectWriter out;
  for (const protocol::Member& member : protocol::members(fields)) {
    if (protocol::same_key(member.key, "tether_id")) {
      throw Error(ErrorCode::invalid_input, "a field cannot be named tether_id",
                  "That name carries the entity's id on the wire; use another one.");
    }
    out.member(member.key, member.value);
  }
  return std::move(out).finish();
}

/// The server would refuse it for ever; here it can still be mended by whoever writes it.
void check_size(std::string_view payload) {
  const std::size_t limit = protocol::Limits().payload_bytes_max;
  if (payload.size() <= limit) return;
  throw Error(ErrorCode::too_large,
              "the record would be " + std::to_string(payload.size()) + " bytes of JSON, and the limit is " +
                  std::to_string(limit),
              "Shorten it, or split it into several records; keep large files elsewhere and record where they are.");
}

/// What one edit does, before it is written.
struct Edit {
  const EntityKey& key;
  Operation operation;
  std::string_view logged;  // payload of the log row
  std::int64_t version;
  std::optional<Rev> base_rev;
  std::optional<std::string> before;
};

struct Stamp {
  MutationId mutation_id;
  std::int64_t now_ms;
};

Stamp append(File& file, sql::Transaction& transaction, const Edit& edit) {
  check_size(edit.logged);
  Stamp stamp{{file.ulids().next().text()}, 0};
  const Instant now = file.clock().now();
  stamp.now_ms = to_ms(now);
  const std::string at = rfc3339_ms(now);
  transaction.run(k_append, {stamp.mutation_id.value, edit.key.id.value, edit.key.model.value,
                             protocol::name(edit.operation), edit.logged, edit.version, stamp.now_ms, at,
                             edit.base_rev ? sql::Value(edit.base_rev->value) : sql::Value(),
                             edit.before ? sql::Value(*edit.before) : sql::Value()});
  return stamp;
}

Recorded write_new(File& file, sql::Transaction& transaction, const EntityKey& key, const std::string& payload,
                   std::int64_t version) {
  const Stamp stamp = append(file, transaction, {key, Operation::create, payload, version, Rev{0}, std::nullopt});
  transaction.run(k_new_record, {key.model.value, key.id.value, payload, version, stamp.now_ms});
  return {stamp.mutation_id, key, Operation::create, version};
}

/// The rev that the writer had seen: unknown where the server has the entity but never said one.
std::optional<Rev> seen_rev(const RecordRow& row) {
  if (row.rev.value == 0 && server_state(row).exists) return std::nullopt;
  return row.rev;
}

/// Whether others may have changed what this file shows of it: it is known from an adopted log alone.
bool may_be_stale(sql::Transaction& transaction, const RecordRow& row) {
  return row.rev.value == 0 && row.generation == 0 && server_state(row).exists && must_pull_first(transaction);
}

/// `payload` is what the record becomes, `logged` what the log says of it.
Recorded write_over(File& file, sql::Transaction& transaction, const RecordRow& row, std::string_view payload,
                    Operation operation, std::string_view logged, std::optional<std::string> before) {
  const std::int64_t version = row.version + 1;
  const Stamp stamp =
      append(file, transaction, {row.key, operation, logged, version, seen_rev(row), std::move(before)});
  const std::int64_t deleted{operation == Operation::remove};
  transaction.run(k_edit_record, {row.key.model.value, row.key.id.value, payload, deleted, version, stamp.now_ms});
  return {stamp.mutation_id, row.key, operation, version};
}

std::optional<Recorded> write_changes(File& file, sql::Transaction& transaction, const RecordRow& row,
                                      std::string_view fields) {
  const std::string changed = rules::changes(row.payload, fields);
  if (changed == "{}") return std::nullopt;
  const std::string payload = rules::overlay(row.payload, changed);
  // A server that knows nothing of `before` takes all of the payload: what is stale must not be in it.
  const std::string& logged = may_be_stale(transaction, row) ? changed : payload;
  return write_over(file, transaction, row, payload, Operation::update, logged,
                    rules::earlier_values(row.payload, changed));
}

std::int64_t last_version(sql::Transaction& transaction, const EntityKey& key) {
  std::int64_t version = 0;
  transaction.run(k_last_version, {key.model.value, key.id.value},
                  [&](const sql::Row& row) { version = row.integer(0); });
  return version;
}

RecordRow existing(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> row = read_record(transaction, key);
  const std::string name = key.model.value + " " + key.id.value;
  const std::string hint =
      "`tether list " + key.model.value + "` shows what there is; `tether pull` brings what others made.";
  if (!row) throw Error(ErrorCode::not_found, "there is no " + name, hint);
  if (row->deleted) throw Error(ErrorCode::not_found, name + " is deleted", "A create with this id brings it back.");
  return *std::move(row);
}

}  // namespace

std::optional<Recorded> Recorder::create(const ModelName& model, const std::optional<EntityId>& id,
                                         std::string_view fields) {
  const std::string payload = accepted(fields);
  // An id that was made this moment cannot be in the file: nothing to read.
  if (!id) return write_new(file_, transaction_, {model, {file_.ulids().next().text()}}, payload, 1);
  const EntityKey key{model, *id};
  const std::optional<RecordRow> row = read_record(transaction_, key);
  if (!row) return write_new(file_, transaction_, key, payload, last_version(transaction_, key) + 1);
  if (!row->deleted) return write_changes(file_, transaction_, *row, payload);
  return write_over(file_, transaction_, *row, payload, Operation::create, payload, std::nullopt);
}

std::optional<Recorded> Recorder::update(const EntityKey& key, std::string_view fields) {
  const std::string patch = accepted(fields);
  return write_changes(file_, transaction_, existing(transaction_, key), patch);
}

Recorded Recorder::remove(const EntityKey& key) {
  const RecordRow row = existing(transaction_, key);
  return write_over(file_, transaction_, row, row.payload, Operation::remove, "{}", std::nullopt);
}

}  // namespace tether::replica
