// SPDX-License-Identifier: MIT
#include "authority/losses.hpp"

#include <utility>

#include "protocol/codec.hpp"
#include "protocol/payload.hpp"

namespace tether::authority {
namespace {

constexpr sql::Column k_overwritten_columns[] = {{"mutation_id", sql::Type::text},
                                                 {"client_id", sql::Type::text},
                                                 {"model", sql::Type::text},
                                                 {"entity_id", sql::Type::text},
                                                 {"fields", sql::Type::text},
                                                 {"payload", sql::Type::text},
                                                 {"rev", sql::Type::integer},
                                                 {"deleted", sql::Type::integer},
                                                 {"written_by", sql::Type::text},
                                                 {"written_at_ms", sql::Type::integer},
                                                 {"written_version", sql::Type::integer},
                                                 {"order_us", sql::Type::integer}};
constexpr sql::BatchStatement k_keep_overwritten{
    "INSERT INTO tether_overwritten(scope, mutation_id, client_id, model, entity_id, fields, payload, rev, deleted, "
    "written_by, written_at_ms, written_version, order_us, decided_us) "
    "{values $1, mutation_id, client_id, model, entity_id, fields, payload, rev, deleted, written_by, written_at_ms, "
    "written_version, order_us, $2} "
    "ON CONFLICT (scope, mutation_id) DO NOTHING",
    k_overwritten_columns};

constexpr sql::Statement k_forget_overwritten{
    "DELETE FROM tether_overwritten WHERE scope = $1 AND mutation_id > $2 AND mutation_id <= $3 AND decided_us < $4"};

// An empty name matches every one.
#define TETHER_WANTED "scope = $1 AND ($2 = '' OR model = $2) AND ($3 = '' OR entity_id = $3)"
constexpr sql::Statement k_losses{
    "SELECT decided_us, model, entity_id, outcome AS why, COALESCE(data, '{}') AS detail, payload, "
    "client_id AS written_by, timestamp_ms AS written_ms, mutation_id, '' AS won_by, 0 AS deleted "
    "FROM tether_mutations WHERE payload IS NOT NULL AND " TETHER_WANTED
    " UNION ALL "
    "SELECT decided_us, model, entity_id, 'overwritten', fields, payload, written_by, written_at_ms, mutation_id, "
    "client_id, deleted FROM tether_overwritten WHERE " TETHER_WANTED " ORDER BY decided_us, mutation_id"};
#undef TETHER_WANTED

constexpr sql::Statement k_overwritten_of{
    "SELECT o.decided_us, o.model, o.entity_id, 'overwritten', o.fields, o.payload, o.written_by, o.written_at_ms, "
    "o.mutation_id, o.client_id, o.deleted, o.order_us, o.written_version, r.payload "
    "FROM tether_overwritten AS o LEFT JOIN tether_records AS r "
    "ON r.scope = o.scope AND r.model = o.model AND r.entity_id = o.entity_id "
    "WHERE o.scope = $1 AND o.written_by = $2 AND o.order_us > $3 AND o.order_us <= $4 ORDER BY o.order_us LIMIT $5"};
constexpr std::int64_t k_portion = 8;  // each with two payloads

constexpr sql::Statement k_other_scopes{
    "SELECT count(*) FROM (SELECT scope FROM tether_mutations WHERE payload IS NOT NULL AND scope <> $1 "
    "UNION SELECT scope FROM tether_overwritten WHERE scope <> $1) AS others"};

bool says_by_program(std::string_view data) {
  return protocol::find_member(data, "by_program") == "true";
}

/// Takes out of what was remembered who won, and when.
Loss attributed(Loss loss) {
  if (!loss.won_by.value.empty()) {  // overwritten
    loss.won_us = loss.decided_us;
    if (loss.detail.starts_with('[')) return loss;  // see overwritten_data()
    loss.by_program = says_by_program(loss.detail);
    loss.detail = std::string(protocol::find_member(loss.detail, "fields"));
  } else if (loss.why == "conflict") {
    protocol::ConflictReport report = protocol::decode_conflict_data(loss.mutation_id, loss.detail);
    loss.won_by = std::move(report.server_written_by);
    loss.won_us = report.server_updated_at_us;
    loss.by_program = report.by_program;
  } else if (loss.why == "merged") {
    protocol::LossReport report = protocol::decode_loss_data(loss.mutation_id, loss.detail);
    loss.won_by = std::move(report.server_written_by);
    loss.won_us = report.server_updated_at_us;
    loss.by_program = report.by_program;
  } else {
    loss.by_program = says_by_program(loss.detail);
  }
  return loss;
}

Loss read_loss(const sql::Row& row) {
  return {.decided_us = row.integer(0),
          .model = ModelName{std::string(row.text(1))},
          .entity_id = EntityId{std::string(row.text(2))},
          .why = std::string(row.text(3)),
          .detail = std::string(row.text(4)),
          .payload = std::string(row.text(5)),
          .written_by = ClientId{std::string(row.text(6))},
          .written_ms = row.integer(7),
          .mutation_id = MutationId{std::string(row.text(8))},
          .won_by = ClientId{std::string(row.text(9))},
          .deleted = row.integer(10) != 0};
}

std::string_view view(const std::string& text) {
  return text;
}

}  // namespace

void keep_overwritten(sql::Transaction& transaction, const Scope& scope, std::span<const Overwritten> overwritten,
                      std::int64_t decided_us, std::int64_t first_us) {
  if (overwritten.empty()) return;
  sql::Batch rows;
  rows.reserve(overwritten.size() * std::size(k_overwritten_columns));
  for (const auto& [by, client, fields, record] : overwritten) {
    rows.insert(rows.end(),
                {view(by->mutation_id.value), view(client->value), view(by->model.value), view(by->entity_id.value),
                 view(fields), view(record.payload), record.rev.value, std::int64_t{record.deleted},
                 view(record.written_by.value), record.written_at_ms, record.written_version, first_us++});
  }
  transaction.run_many(k_keep_overwritten, {view(scope.value), decided_us}, rows);
}

void forget_overwritten(sql::Transaction& transaction, const Scope& scope, std::string_view after,
                        std::string_view last, std::int64_t before_us) {
  transaction.run(k_forget_overwritten, {view(scope.value), after, last, before_us});
}

void losses(sql::Transaction& transaction, const LossFilter& filter, const std::function<void(const Loss&)>& found) {
  const sql::Value parameters[] = {view(filter.scope.value), view(filter.model.value), view(filter.entity_id.value)};
  transaction.run(k_losses, parameters, [&](const sql::Row& row) { found(attributed(read_loss(row))); });
}

void overwritten_of(sql::Transaction& transaction, const Scope& scope, const ClientId& writer, Cursor after,
                    Cursor last, const std::function<bool(const Untold&)>& wants_more) {
  std::int64_t found = k_portion;
  bool more = true;
  while (more && found == k_portion) {
    const sql::Value parameters[] = {view(scope.value), view(writer.value), after.value, last.value, k_portion};
    found = transaction.run(k_overwritten_of, parameters, [&](const sql::Row& row) {
      if (!more) return;
      Untold untold{.loss = attributed(read_loss(row)),
                    .order_us = row.integer(11),
                    .written_version = row.integer(12),
                    .stands = std::nullopt};
      if (!row.is_null(13)) untold.stands = std::string(row.text(13));
      after.value = untold.order_us;
      more = wants_more(untold);
    });
  }
}

std::int64_t other_scopes_with_losses(sql::Transaction& transaction, const Scope& scope) {
  std::int64_t count = 0;
  transaction.run(k_other_scopes, {view(scope.value)}, [&](const sql::Row& row) { count = row.integer(0); });
  return count;
}

}  // namespace tether::authority
