// SPDX-License-Identifier: MIT
#include "authority/losses.hpp"

namespace tether::authority {
namespace {

// An empty name matches every one.
#define TETHER_WANTED "scope = $1 AND ($2 = '' OR model = $2) AND ($3 = '' OR entity_id = $3)"
constexpr sql::Statement k_losses{
    "SELECT decided_us, model, entity_id, outcome AS why, COALESCE(data, '{}') AS detail, payload, "
    "client_id AS written_by, timestamp_ms AS written_ms, mutation_id, '' AS won_by "
    "FROM tether_mutations WHERE payload IS NOT NULL AND " TETHER_WANTED
    " UNION ALL "
    "SELECT decided_us, model, entity_id, 'overwritten', fields, payload, written_by, written_at_ms, mutation_id, "
    "client_id FROM tether_overwritten WHERE " TETHER_WANTED " ORDER BY decided_us, mutation_id"};
#undef TETHER_WANTED

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
          .won_by = ClientId{std::string(row.text(9))}};
}

}  // namespace

void losses(sql::Transaction& transaction, const LossFilter& filter, const std::function<void(const Loss&)>& found) {
  const sql::Value parameters[] = {std::string_view(filter.scope.value), std::string_view(filter.model.value),
                                   std::string_view(filter.entity_id.value)};
  transaction.run(k_losses, parameters, [&](const sql::Row& row) { found(read_loss(row)); });
}

}  // namespace tether::authority
