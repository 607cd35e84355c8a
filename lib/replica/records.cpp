// SPDX-License-Identifier: MIT
#include "replica/records.hpp"

#include <algorithm>
#include <utility>

#include "protocol/payload.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

// What went wrong with it: few edits do, and only a record that is open has a failed one.
#define TETHER_VIEW_OF_RECORDS                                                                              \
  "SELECT " TETHER_RECORD_COLUMNS                                                                           \
  ", open_log_id IS NOT NULL AND EXISTS (SELECT 1 FROM tether_mutation_logs AS log "                        \
  "WHERE log.entity_id = record.entity_id AND log.model = record.model AND log.sync_status = 'failed' "     \
  "AND log.settled_by IS NULL), EXISTS (SELECT 1 FROM tether_conflicts AS conflict "                        \
  "WHERE conflict.model = record.model AND conflict.entity_id = record.entity_id AND resolved_at IS NULL) " \
  "FROM tether_records AS record WHERE model = $1 "
constexpr sql::Statement k_of_model{TETHER_VIEW_OF_RECORDS "AND ($2 = 1 OR deleted = 0) ORDER BY entity_id"};
constexpr sql::Statement k_one{TETHER_VIEW_OF_RECORDS "AND entity_id = $2"};
#undef TETHER_VIEW_OF_RECORDS

constexpr sql::Statement k_models{
    "SELECT model, count(*) FILTER (WHERE deleted = 0), count(open_log_id), count(*) FILTER (WHERE deleted = 1) "
    "FROM tether_records GROUP BY model ORDER BY model"};

// U+10FFFF is the last character that an id may have.
#define TETHER_BEGINS " model = $1 AND entity_id >= $2 AND entity_id < $2 || char(1114111) "
constexpr sql::Statement k_ids_beginning{
    "SELECT entity_id FROM (SELECT entity_id FROM tether_records WHERE" TETHER_BEGINS
    "ORDER BY entity_id LIMIT $3) UNION SELECT entity_id FROM (SELECT DISTINCT entity_id FROM tether_mutation_logs "
    "WHERE" TETHER_BEGINS "ORDER BY entity_id LIMIT $3) ORDER BY entity_id LIMIT $3"};

RecordView read_view(const sql::Row& columns) {
  RecordRow row = record_row(columns);
  return {.key = std::move(row.key),
          .payload = std::move(row.payload),
          .deleted = row.deleted,
          .pending = row.open_log_id.has_value(),
          .rev = row.rev,
          .updated_at_ms = row.updated_at_ms,
          .base = std::move(row.base),
          .base_deleted = row.base_deleted,
          .failed = columns.integer(12) != 0,
          .conflict = columns.integer(13) != 0};
}

}  // namespace

bool matches(std::string_view payload, std::string_view field, std::string_view value) {
  const std::string_view written = protocol::find_member(payload, field);
  if (written.empty()) return false;
  if (written.front() != '"') return written == value;
  return protocol::unescaped(written.substr(1, written.size() - 2)) == value;
}

void list(sql::Transaction& transaction, const ListOptions& options,
          const std::function<void(const RecordView&)>& sink) {
  transaction.run(k_of_model, {options.model.value, std::int64_t{options.include_deleted}}, [&](const sql::Row& row) {
    const bool wanted = std::ranges::all_of(
        options.where, [&](const auto& where) { return matches(row.text(2), where.first, where.second); });
    if (wanted) sink(read_view(row));
  });
}

std::optional<RecordView> find(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordView> found;
  transaction.run(k_one, {key.model.value, key.id.value}, [&](const sql::Row& row) { found = read_view(row); });
  return found;
}

void list_models(sql::Transaction& transaction, const std::function<void(const ModelCount&)>& sink) {
  transaction.run(k_models, {}, [&](const sql::Row& row) {
    sink({{std::string(row.text(0))}, row.integer(1), row.integer(2), row.integer(3)});
  });
}

std::vector<EntityId> ids_beginning(sql::Transaction& transaction, const ModelName& model, std::string_view beginning,
                                    std::int64_t count_max) {
  std::vector<EntityId> ids;
  transaction.run(k_ids_beginning, {model.value, beginning, count_max},
                  [&](const sql::Row& row) { ids.push_back({std::string(row.text(0))}); });
  return ids;
}

}  // namespace tether::replica
