// SPDX-License-Identifier: MIT
#include "replica/records.hpp"

#include <algorithm>
#include <utility>

#include "protocol/payload.hpp"
#include "replica/record_row.hpp"

namespace tether::replica {
namespace {

constexpr sql::Statement k_of_model{"SELECT " TETHER_RECORD_COLUMNS
                                    " FROM tether_records WHERE model = $1 AND ($2 = 1 OR deleted = 0) "
                                    "ORDER BY entity_id"};

RecordView view_of(RecordRow row) {
  return {.key = std::move(row.key),
          .payload = std::move(row.payload),
          .deleted = row.deleted,
          .pending = row.open_log_id.has_value(),
          .rev = row.rev,
          .updated_at_ms = row.updated_at_ms,
          .base = std::move(row.base),
          .base_deleted = row.base_deleted};
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
    if (wanted) sink(view_of(record_row(row)));
  });
}

std::optional<RecordView> find(sql::Transaction& transaction, const EntityKey& key) {
  std::optional<RecordRow> row = read_record(transaction, key);
  if (!row) return std::nullopt;
  return view_of(*std::move(row));
}

}  // namespace tether::replica
