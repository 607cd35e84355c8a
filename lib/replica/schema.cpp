// SPDX-License-Identifier: MIT
#include "replica/schema.hpp"

#include <algorithm>
#include <set>

#include "replica/file.hpp"
#include "sql/sqlite.hpp"

namespace tether::embedded {
extern const std::string_view replica_schema;
}

namespace tether::replica {
namespace {

constexpr std::string_view k_objects =
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "ORDER BY rowid";

std::vector<SchemaObject> objects_in(sql::Database& database) {
  std::vector<SchemaObject> objects;
  database.execute(k_objects, {}, [&](const sql::Row& row) {
    objects.push_back({std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2))});
  });
  return objects;
}

std::int64_t number(sql::Database& database, std::string_view query) {
  std::int64_t result = 0;
  database.execute(query, {}, [&](const sql::Row& row) { result = row.integer(0); });
  return result;
}

std::set<std::string> columns_of(sql::Database& database, std::string_view table) {
  std::set<std::string> columns;
  const sql::Value parameters[] = {table};
  database.execute("SELECT name FROM pragma_table_info($1)", parameters,
                   [&](const sql::Row& row) { columns.emplace(row.text(0)); });
  return columns;
}

/// A column of a table that the original client has too. Without a declaration nothing works without it.
struct SharedColumn {
  std::string_view table;
  std::string_view name;
  std::string_view declaration;
};

constexpr SharedColumn k_shared_columns[] = {
    {"tether_mutation_logs", "id", ""},
    {"tether_mutation_logs", "mutation_id", ""},
    {"tether_mutation_logs", "entity_id", ""},
    {"tether_mutation_logs", "model", ""},
    {"tether_mutation_logs", "operation", ""},
    {"tether_mutation_logs", "payload", ""},
    {"tether_mutation_logs", "version", ""},
    {"tether_mutation_logs", "timestamp", ""},
    {"tether_mutation_logs", "sync_status", ""},
    {"tether_mutation_logs", "synced_at", "TEXT"},
    {"tether_mutation_logs", "rejection_reason", "TEXT"},
    {"tether_mutation_logs", "rejection_data", "TEXT"},
    {"tether_mutation_logs", "retry_count", "INTEGER NOT NULL DEFAULT 0"},
    {"tether_mutation_logs", "created_at", "TEXT"},
    {"tether_mutation_logs", "updated_at", "TEXT"},
    {"tether_mutation_logs", "base_rev", "INTEGER"},
    {"tether_mutation_logs", "before", "TEXT"},
    {"tether_mutation_logs", "settled_by", "TEXT"},
    {"tether_sync_state", "key", ""},
    {"tether_sync_state", "value", ""},
    {"tether_sync_state", "created_at", "TEXT"},
    {"tether_sync_state", "updated_at", "TEXT"},
};

/// PHP writes an empty payload as []; our readers expect an object. To be run while no trigger guards the log yet. The
/// unique index is what set_state() relies on, whatever the original client made.
constexpr std::string_view k_normalise_log =
    "UPDATE tether_mutation_logs SET payload = '{}' WHERE payload IN ('[]', 'null', '')";
constexpr std::string_view k_unique_keys =
    "CREATE UNIQUE INDEX IF NOT EXISTS tether_sync_state_key ON tether_sync_state(key)";

void add_missing_columns(sql::Database& database, std::string_view table, std::vector<std::string>& statements) {
  const std::set<std::string> columns = columns_of(database, table);
  if (columns.empty()) return;
  for (const SharedColumn& column : k_shared_columns) {
    if (column.table != table || columns.contains(std::string(column.name))) continue;
    if (column.declaration.empty()) {
      throw Error(ErrorCode::not_a_database,
                  "the table " + std::string(table) + " has no column " + std::string(column.name),
                  "It was not made by Tether or by the original client, so the file cannot be adopted.");
    }
    statements.push_back("ALTER TABLE " + std::string(table) + " ADD COLUMN " + std::string(column.name) + " " +
                         std::string(column.declaration));
  }
}

bool names_table(const SchemaObject& object, std::string_view name) {
  return object.type == "table" && object.name == name;
}

}  // namespace

Owner owner_of(sql::Database& database) {
  const std::vector<SchemaObject> objects = objects_in(database);
  const auto has_table = [&](std::string_view name) {
    return std::ranges::any_of(objects, [&](const SchemaObject& object) { return names_table(object, name); });
  };
  if (has_table("tether_sync_state") && columns_of(database, "tether_sync_state").contains("key") &&
      number(database, "SELECT count(*) FROM tether_sync_state WHERE key = 'schema_version'") > 0) {
    return Owner::tether;
  }
  if (has_table("tether_mutation_logs") && has_table("tether_sync_state")) return Owner::original;
  const bool unmarked = number(database, "PRAGMA application_id") == 0 && number(database, "PRAGMA user_version") == 0;
  if (objects.empty() && unmarked) return Owner::nobody;
  return Owner::other;
}

std::vector<SchemaObject> missing_objects(sql::Database& database) {
  // Our own schema, read back from a database that has nothing else.
  const auto ours = sql::open_sqlite({.path = ":memory:", .open = sql::Open::create});
  ours->execute_script(embedded::replica_schema);
  std::vector<SchemaObject> missing = objects_in(*ours);
  const std::vector<SchemaObject> present = objects_in(database);
  std::erase_if(missing, [&](const SchemaObject& object) {
    return std::ranges::any_of(
        present, [&](const SchemaObject& other) { return other.type == object.type && other.name == object.name; });
  });
  return missing;
}

void add_missing_objects(sql::Database& database) {
  const std::vector<SchemaObject> missing = missing_objects(database);
  const auto lacks = [&](std::string_view name) {
    return std::ranges::any_of(missing, [&](const SchemaObject& object) { return object.name == name; });
  };
  std::vector<std::string> statements;
  add_missing_columns(database, "tether_mutation_logs", statements);
  add_missing_columns(database, "tether_sync_state", statements);
  if (!lacks("tether_mutation_logs") && lacks("tether_mutation_logs_immutable")) {
    statements.emplace_back(k_normalise_log);
  }
  if (!lacks("tether_sync_state")) statements.emplace_back(k_unique_keys);
  for (const SchemaObject& object : missing) statements.push_back(object.sql);
  for (const std::string& statement : statements) database.execute(statement);
}

void add_table(sql::Database& database, std::string_view name) {
  for (const SchemaObject& object : missing_objects(database)) {
    if (names_table(object, name)) database.execute(object.sql);
  }
}

}  // namespace tether::replica
