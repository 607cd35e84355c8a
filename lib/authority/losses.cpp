// SPDX-License-Identifier: MIT
#include "authority/losses.hpp"

#include <deque>
#include <iterator>
#include <utility>

#include "authority/answer_data.hpp"
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

constexpr sql::Column k_share_columns[] = {
    {"mutation_id", sql::Type::text},      {"written_by", sql::Type::text},         {"fields", sql::Type::text},
    {"written_at_ms", sql::Type::integer}, {"written_version", sql::Type::integer}, {"order_us", sql::Type::integer}};
constexpr sql::BatchStatement k_keep_shares{
    "INSERT INTO tether_overwritten_shares(scope, mutation_id, written_by, fields, written_at_ms, written_version, "
    "order_us) {values $1, mutation_id, written_by, fields, written_at_ms, written_version, order_us} "
    "ON CONFLICT (scope, mutation_id, written_by) DO NOTHING",
    k_share_columns};

constexpr sql::Statement k_forget_overwritten{
    "DELETE FROM tether_overwritten WHERE scope = $1 AND mutation_id > $2 AND mutation_id <= $3 AND decided_us < $4"};
// Also those whose rows a program of an earlier schema forgot.
constexpr sql::Statement k_forget_shares{
    "DELETE FROM tether_overwritten_shares WHERE scope = $1 AND mutation_id > $2 AND mutation_id <= $3 "
    "AND NOT EXISTS (SELECT 1 FROM tether_overwritten AS o WHERE o.scope = tether_overwritten_shares.scope "
    "AND o.mutation_id = tether_overwritten_shares.mutation_id)"};

constexpr std::string_view k_nothing = "[]";  // the fields of who lost none

// An empty name matches every one.
#define TETHER_WANTED_OF(table) \
  table "scope = $1 AND ($2 = '' OR " table "model = $2) AND ($3 = '' OR " table "entity_id = $3)"
#define TETHER_WANTED TETHER_WANTED_OF("")
constexpr sql::Statement k_losses{
    "SELECT decided_us, model, entity_id, outcome AS why, COALESCE(data, '{}') AS detail, payload, "
    "client_id AS written_by, timestamp_ms AS written_ms, mutation_id, '' AS won_by, 0 AS deleted "
    "FROM tether_mutations WHERE payload IS NOT NULL AND " TETHER_WANTED
    " UNION ALL "
    "SELECT decided_us, model, entity_id, 'overwritten', fields, payload, written_by, written_at_ms, mutation_id, "
    "client_id, deleted FROM tether_overwritten WHERE fields <> '[]' AND " TETHER_WANTED
    " UNION ALL "
    "SELECT o.decided_us, o.model, o.entity_id, 'overwritten', s.fields, o.payload, s.written_by, s.written_at_ms, "
    "o.mutation_id, o.client_id, o.deleted FROM tether_overwritten AS o JOIN tether_overwritten_shares AS s "
    "ON s.scope = o.scope AND s.mutation_id = o.mutation_id WHERE " TETHER_WANTED_OF(
        "o.") " ORDER BY decided_us, mutation_id, why, written_by"};
#undef TETHER_WANTED
#undef TETHER_WANTED_OF

// Which they are is found out by the indexes, before anything long is read.
#define TETHER_SHARES_IN(table)                                                                  \
  "SELECT mutation_id, fields, written_by, written_at_ms, written_version, order_us FROM " table \
  " WHERE scope = $1 AND written_by = $2 AND order_us > $3 AND order_us <= $4 "
constexpr sql::Statement k_overwritten_of{
    "SELECT o.decided_us, o.model, o.entity_id, 'overwritten', s.fields, o.payload, s.written_by, s.written_at_ms, "
    "o.mutation_id, o.client_id, o.deleted, s.order_us, s.written_version, r.payload "
    "FROM (" TETHER_SHARES_IN("tether_overwritten") "UNION ALL " TETHER_SHARES_IN("tether_overwritten_shares")
    "ORDER BY order_us LIMIT $5) AS s "
    "JOIN tether_overwritten AS o ON o.scope = $1 AND o.mutation_id = s.mutation_id "
    "LEFT JOIN tether_records AS r ON r.scope = o.scope AND r.model = o.model AND r.entity_id = o.entity_id "
    "ORDER BY s.order_us"};
#undef TETHER_SHARES_IN
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

/// Whose own later edit took the place of its value needs not be told that.
bool is_told(const rules::Author& author, const Overwritten& lost) {
  return author.client != *lost.client || author.written_version >= lost.by->version;
}

/// What is to be written. The rows point into what they are made of.
struct Rows {
  sql::Batch overwritten;
  sql::Batch shares;
  std::deque<std::string> texts;

  /// Returns the first place that is left.
  std::int64_t add(const Overwritten& lost, std::int64_t place_us) {
    std::string_view fields = k_nothing;
    std::int64_t order_us = 0;
    for (const rules::Author& author : lost.shares) {
      const std::string& names = texts.emplace_back(overwritten_data(author.fields, lost.by_program));
      if (author.client == lost.record.written_by) {
        fields = names;
        order_us = place_us++;
      } else {
        add_share(lost, author, names, is_told(author, lost) ? place_us : 0);
        ++place_us;
      }
    }
    add_record(lost, fields, order_us);
    return place_us;
  }

 private:
  void add_record(const Overwritten& lost, std::string_view fields, std::int64_t order_us) {
    const auto& [by, client, of_all, by_program, record] = lost;
    overwritten.insert(overwritten.end(), {view(by->mutation_id.value), view(client->value), view(by->model.value),
                                           view(by->entity_id.value), fields, view(record.payload), record.rev.value,
                                           std::int64_t{record.deleted}, view(record.written_by.value),
                                           record.written_at_ms, record.written_version, order_us});
  }
  void add_share(const Overwritten& lost, const rules::Author& author, const std::string& fields,
                 std::int64_t order_us) {
    shares.insert(shares.end(), {view(lost.by->mutation_id.value), view(author.client.value), view(fields),
                                 author.written_at_ms, author.written_version, order_us});
  }
};

}  // namespace

std::int64_t places(std::span<const Overwritten> overwritten) {
  std::int64_t count = 0;
  for (const Overwritten& lost : overwritten) count += std::ssize(lost.shares);
  return count;
}

void keep_overwritten(sql::Transaction& transaction, const Scope& scope, std::span<const Overwritten> overwritten,
                      std::int64_t decided_us, std::int64_t first_us) {
  if (overwritten.empty()) return;
  Rows rows;
  for (const Overwritten& lost : overwritten) first_us = rows.add(lost, first_us);
  transaction.run_many(k_keep_overwritten, {view(scope.value), decided_us}, rows.overwritten);
  if (!rows.shares.empty()) transaction.run_many(k_keep_shares, {view(scope.value)}, rows.shares);
}

void forget_overwritten(sql::Transaction& transaction, const Scope& scope, std::string_view after,
                        std::string_view last, std::int64_t before_us) {
  transaction.run(k_forget_overwritten, {view(scope.value), after, last, before_us});
  transaction.run(k_forget_shares, {view(scope.value), after, last});
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
