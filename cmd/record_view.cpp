// SPDX-License-Identifier: MIT
#include "cmd/record_view.hpp"

#include "base/log.hpp"
#include "cmd/field_values.hpp"
#include "protocol/json_reader.hpp"
#include "rules/fields.hpp"

namespace tether::cmd {

namespace {

/// The value as it is; null where there is none, and as a text what is no JSON: other programs write into an adopted
/// log.
std::string as_json(const std::string& column) {
  if (column.empty()) return "null";
  try {
    protocol::JsonReader reader(column);
    reader.skip();
    reader.end();
    return column;
  } catch (const protocol::FieldError&) {
    return json_quoted(column);
  }
}

}  // namespace

JsonObject record_json(const replica::RecordView& record) {
  JsonObject object;
  object.text("id", record.key.id.value).text("model", record.key.model.value).raw("payload", record.payload);
  object.integer("rev", record.rev.value).boolean("pending", record.pending).boolean("deleted", record.deleted);
  object.time_ms("updated_at", record.updated_at_ms);
  object.boolean("failed", record.failed).boolean("conflict", record.conflict);
  return object;
}

std::string log_entry_json(const replica::LogEntry& entry) {
  const auto& mutation = entry.mutation;
  JsonObject object;
  const bool is_forgotten = mutation.mutation_id.value.empty();
  if (is_forgotten) {
    object.null("id").null("mutation_id");
  } else {
    object.integer("id", entry.id).text("mutation_id", mutation.mutation_id.value);
  }
  object.text("entity_id", mutation.entity_id.value).text("model", mutation.model.value);
  object.text("operation", protocol::name(mutation.operation)).raw("payload", as_json(mutation.payload));
  object.integer("version", mutation.version).time_ms("timestamp", mutation.timestamp_ms);
  object.text("sync_status", entry.sync_status).text_or_null("synced_at", entry.synced_at);
  object.text_or_null("rejection_reason", entry.rejection_reason);
  object.raw("rejection_data", as_json(entry.rejection_data));
  object.raw("lost", entry.lost.empty() ? "null" : std::string_view(entry.lost));
  if (!entry.overwritten.empty()) object.raw("overwritten", entry.overwritten);
  object.integer("retry_count", entry.retry_count);
  object.text_or_null("created_at", entry.created_at).text_or_null("updated_at", entry.updated_at);
  if (mutation.base_rev) {
    object.integer("base_rev", mutation.base_rev->value);
  } else {
    object.null("base_rev");
  }
  object.raw("before", as_json(mutation.before.value_or(""))).text_or_null("settled_by", entry.settled_by);
  return std::move(object).finish();
}

Colour colour_of(std::string_view sync_status) {
  if (sync_status == "synced") return Colour::green;
  if (sync_status == "failed" || sync_status == "conflict") return Colour::red;
  return Colour::yellow;
}

std::string change_words(const protocol::Mutation& mutation) {
  if (!mutation.before) return as_words(mutation.payload);
  return as_words(rules::selected(mutation.payload, *mutation.before));
}

}  // namespace tether::cmd
