// SPDX-License-Identifier: MIT
#include "replica/overwritten.hpp"

#include <utility>

#include "protocol/codec.hpp"
#include "replica/outbound_mapping.hpp"

namespace tether::replica {
namespace {

// A full pull tells all again.
constexpr sql::Statement k_keep{
    "INSERT INTO tether_overwritten(model, entity_id, version, mutation_id, timestamp, report, told_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};

#define TETHER_FORGOTTEN                                                                                         \
  "SELECT model, entity_id, version, timestamp, group_concat(report, ',') FROM tether_overwritten AS o "         \
  "WHERE ($1 IS NULL OR model = $1) AND ($2 IS NULL OR entity_id = $2) AND ($3 IS NULL OR $3 = 'synced') "       \
  "AND ($4 IS NULL OR timestamp >= $4) AND NOT EXISTS (SELECT 1 FROM tether_mutation_logs AS l "                 \
  "WHERE l.entity_id = o.entity_id AND l.model = o.model AND l.version = o.version) GROUP BY model, entity_id, " \
  "version ORDER BY timestamp"
constexpr sql::Statement k_newest_last{TETHER_FORGOTTEN};
constexpr sql::Statement k_newest_first{TETHER_FORGOTTEN " DESC"};
#undef TETHER_FORGOTTEN

protocol::OverwriteReport named_here(protocol::OverwriteReport report, const rules::FieldMapping* mapping) {
  if (mapping == nullptr) return report;
  for (std::string& field : report.fields) field = mapping->name_here(field);
  report.lost = mapping->from_wire(report.lost);
  return report;
}

LogEntry forgotten_entry(const sql::Row& row) {
  LogEntry entry;
  entry.mutation.model = {std::string(row.text(0))};
  entry.mutation.entity_id = {std::string(row.text(1))};
  entry.mutation.version = row.integer(2);
  entry.mutation.timestamp_ms = row.integer(3);
  entry.sync_status = "synced";
  entry.overwritten = "[" + std::string(row.text(4)) + "]";
  const auto reports = protocol::decode_overwrites(entry.overwritten);
  entry.mutation.payload = reports.front().lost;
  entry.mutation.operation = reports.front().deleted ? protocol::Operation::remove : protocol::Operation::update;
  return entry;
}

}  // namespace

std::vector<protocol::OverwriteReport> keep_overwritten(sql::Transaction& transaction,
                                                        std::span<const protocol::OverwriteReport> told, Instant now) {
  std::vector<protocol::OverwriteReport> fresh;
  if (told.empty()) return fresh;
  const OutboundMappings mappings(transaction);
  const std::string at = rfc3339_ms(now);
  for (const protocol::OverwriteReport& report : told) {
    protocol::OverwriteReport here = named_here(report, mappings.in_force(report.key.model.value));
    const std::string text = protocol::encode_overwrite(here);
    const bool is_fresh = transaction.run(k_keep, {here.key.model.value, here.key.id.value, here.version,
                                                   here.mutation_id.value, here.written_at_ms, text, at}) == 1;
    if (is_fresh) fresh.push_back(std::move(here));
  }
  return fresh;
}

void read_forgotten(sql::Transaction& transaction, const LogQuery& query,
                    const std::function<void(const LogEntry&)>& sink) {
  const auto text_or_null = [](const std::string* text) { return text ? sql::Value(*text) : sql::Value(); };
  transaction.run(query.reverse ? k_newest_first : k_newest_last,
                  {text_or_null(query.model ? &query.model->value : nullptr),
                   text_or_null(query.entity_id ? &query.entity_id->value : nullptr),
                   text_or_null(query.status ? &*query.status : nullptr), sql::value_of(query.since_ms)},
                  [&](const sql::Row& row) { sink(forgotten_entry(row)); });
}

}  // namespace tether::replica
