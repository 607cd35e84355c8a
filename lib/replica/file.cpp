// SPDX-License-Identifier: MIT
#include "replica/file.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>

#include "replica/adopt.hpp"
#include "replica/schema.hpp"
#include "sql/sqlite.hpp"

namespace tether::replica {
namespace {

// A long push or pull goes back and forth between the log, the records and their indexes.
constexpr int k_cache_kib = 8'000;

constexpr std::string_view k_in_memory = ":memory:";
constexpr std::int64_t k_table_count = 4;  // of schema.sql, in a file of the first tether
constexpr std::string_view k_empty_later_table =
    "CREATE TEMP TABLE tether_overwritten (model, entity_id, version, mutation_id, timestamp, report, told_at)";

constexpr sql::Statement k_state{"SELECT value FROM tether_sync_state WHERE key = $1"};
constexpr sql::Statement k_set_state{
    "INSERT INTO tether_sync_state(key, value, created_at, updated_at) VALUES ($1, $2, $3, $3) "
    "ON CONFLICT(key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"};
constexpr sql::Statement k_clear_state{"DELETE FROM tether_sync_state WHERE key = $1"};

/// Where a file lives: another inode or machine means that it was copied or moved to another disk. Empty in memory.
std::string home_of(const std::string& path) {
  if (path == k_in_memory) return {};
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT) return {};  // the driver will say what is wrong
    throw Error(ErrorCode::not_found, "there is no file " + path,
                "Make one with `tether --db " + path + " init`, or name another with --db.");
  }
  std::string machine;
  std::ifstream machine_id("/etc/machine-id");
  std::getline(machine_id, machine);
  return std::to_string(found.st_ino) + ":" + machine;
}

/// Whether the header of a SQLite file names write-ahead logging: byte 18 of the file format. Opening for writing makes
/// it so, which must not befall a file that is not ours.
bool uses_wal(const std::string& path) {
  std::array<char, 20> header{};
  std::ifstream file(path, std::ios::binary);
  return file.read(header.data(), header.size()) && header[18] == 2;
}

bool has_content(const std::string& path) {
  struct stat found {};
  return path != k_in_memory && ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0;
}

/// What the file says about itself.
struct Identity {
  std::string schema_version;
  std::string client_id;
  std::string home;
  bool client_id_given = false;
  bool has_later_table = false;
};

void read_into(Identity& identity, const sql::Row& row) {
  const std::string_view key = row.text(0);
  const std::string_view value = row.text(1);
  if (key == "schema_version") identity.schema_version = value;
  if (key == "client_id") identity.client_id = value;
  if (key == "client_id_given") identity.client_id_given = true;
  if (key == "home") identity.home = value;
}

[[noreturn]] void refuse_newer(const std::string& path, std::int64_t version) {
  throw Error(ErrorCode::newer_version,
              path + " was written by a newer tether (schema " + std::to_string(version) + ", this one reads up to " +
                  std::to_string(k_schema_version) + ")",
              "Upgrade this tether.");
}

std::int64_t number(sql::Database& database, std::string_view query) {
  std::int64_t value = 0;
  database.execute(query, {}, [&](const sql::Row& row) { value = row.integer(0); });
  return value;
}

bool is_store_of_service(sql::Database& database) {
  return number(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'tether_scopes'") > 0;
}

[[noreturn]] void refuse_foreign(sql::Database& database, const std::string& path) {
  const std::int64_t version = number(database, "PRAGMA user_version");
  const bool marked_ours = number(database, "PRAGMA application_id") == k_application_id;
  if (marked_ours && version > k_schema_version) refuse_newer(path, version);
  if (is_store_of_service(database)) {
    throw Error(ErrorCode::not_a_database, path + " is the store of a tether-service",
                "Name a file of your own; the store belongs to the service alone.");
  }
  const std::string adopt = "Add Tether's tables to it with `tether --db " + path + " init --adopt`.";
  switch (owner_of(database)) {
    case Owner::nobody:
      throw Error(ErrorCode::not_a_database, path + " is an empty database",
                  "Make it a Tether file with `tether --db " + path + " init`.");
    case Owner::original:
      throw Error(ErrorCode::not_a_database, path + " was written by the original Tether client", adopt);
    case Owner::tether:
    case Owner::other:
      break;
  }
  throw Error(ErrorCode::not_a_database, path + " is a SQLite database of another program", adopt);
}

void check_version(const Identity& identity, const std::string& path) {
  const std::string& text = identity.schema_version;
  int version = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (fault != std::errc() || end != text.data() + text.size() || version < 1 || identity.client_id.empty()) {
    throw Fatal(ErrorCode::corrupt, path + " does not say which version and client it belongs to",
                "Restore it from a backup, or make a new file and pull.");
  }
  if (version > k_schema_version) refuse_newer(path, version);
}

/// Opening is on the way of every one-shot command: two small queries, no write.
Identity read_identity(sql::Database& database, const std::string& path) {
  Identity identity;
  std::int64_t tables = 0;
  database.execute(
      "SELECT name = 'tether_overwritten', count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
      "('tether_mutation_logs', 'tether_sync_state', 'tether_records', 'tether_conflicts', 'tether_overwritten') "
      "GROUP BY 1",
      {}, [&](const sql::Row& row) {
        if (row.integer(0) == 0) {
          tables = row.integer(1);
        } else {
          identity.has_later_table = true;
        }
      });
  if (tables < k_table_count && owner_of(database) != Owner::tether) refuse_foreign(database, path);
  database.execute("SELECT key, value FROM tether_sync_state", {},
                   [&](const sql::Row& row) { read_into(identity, row); });
  if (identity.schema_version.empty()) refuse_foreign(database, path);
  check_version(identity, path);
  if (tables < k_table_count) {
    throw Fatal(ErrorCode::corrupt, path + " has lost a table of Tether's", "Restore it from a backup.");
  }
  return identity;
}

/// A file of an earlier tether, which goes on working with it.
void add_later_table(sql::Database& database) {
  sql::in_transaction(database, sql::Access::write, [&](sql::Transaction&) { add_table(database, k_later_table); });
}

/// A copied file writes under a name of its own from now on. What another process did meanwhile counts.
ClientId take_new_home(File& file, const std::string& home) {
  return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    const Instant now = file.clock().now();
    const std::string old_id = state(transaction, "client_id").value_or("");
    if (state(transaction, "home") == home) return ClientId{old_id};
    const bool first_home = !state(transaction, "home");
    set_state(transaction, "home", home, now);
    if (first_home) return ClientId{old_id};
    if (state(transaction, "client_id_given")) {
      set_state(transaction, "kept_id_at", rfc3339_ms(now), now);
      return ClientId{old_id};
    }
    const std::string new_id = file.ulids().next().text();
    set_state(transaction, "client_id", new_id, now);
    set_state(transaction, "copied_from", old_id, now);
    return ClientId{new_id};
  });
}

void refuse_other_client(const InitOptions& options, const std::string& stored) {
  if (!options.client_id || options.client_id->value == stored) return;
  throw Error(ErrorCode::exists, options.path + " already belongs to client " + stored,
              "Leave --client-id out to keep that one, or make another file with --db.");
}

/// Whoever names the id that a copied file kept knows of it.
void confirm_id(File& file) {
  sql::in_transaction(file.database(), sql::Access::write,
                      [](sql::Transaction& transaction) { clear_state(transaction, "kept_id_at"); });
}

/// The last step of making or adopting a file: with schema_version in it, the file is ours.
ClientId write_identity(sql::Transaction& transaction, const InitOptions& options, Clock& clock, Random& random) {
  const Instant now = clock.now();
  const std::optional<std::string> stored = state(transaction, "client_id");
  if (stored) refuse_other_client(options, *stored);
  const std::string fresh = options.client_id ? options.client_id->value : UlidSource(clock, random).next().text();
  const std::string id = stored.value_or(fresh);
  const std::string home = home_of(options.path);
  set_state(transaction, "client_id", id, now);
  if (options.client_id) set_state(transaction, "client_id_given", "1", now);
  if (!home.empty()) set_state(transaction, "home", home, now);
  set_state(transaction, "schema_version", std::to_string(k_schema_version), now);
  return {id};
}

/// All in one transaction: killed anywhere, the file is as it was. Two that do it at once do it one after the other.
InitReport make_ours(sql::Database& database, const InitOptions& options, Clock& clock, Random& random) {
  return sql::in_transaction(database, sql::Access::write, [&](sql::Transaction& transaction) {
    const Owner owner = owner_of(database);
    if (owner == Owner::tether) {
      return InitReport{.created = false, .client_id = {state(transaction, "client_id").value_or("")}};
    }
    if (owner != Owner::nobody && (!options.adopt || is_store_of_service(database))) {
      refuse_foreign(database, options.path);
    }
    if (owner == Owner::nobody) {
      // Another program may use these two for itself, so they are ours to set only in a file that we made.
      database.execute("PRAGMA application_id = " + std::to_string(k_application_id));
      database.execute("PRAGMA user_version = " + std::to_string(k_schema_version));
    }
    add_missing_objects(database);
    if (owner == Owner::original) take_over_log(transaction, clock.now());
    const ClientId client_id = write_identity(transaction, options, clock, random);
    return InitReport{.created = true, .client_id = client_id, .adopted = owner != Owner::nobody};
  });
}

/// Refuses a file of another program before anything could write to it.
Owner look_at(const std::string& path, bool adopt) {
  const auto database = sql::open_sqlite({.path = path, .open = sql::Open::read_only});
  const Owner owner = owner_of(*database);
  const bool foreign = owner == Owner::other || owner == Owner::original;
  if (foreign && (!adopt || is_store_of_service(*database))) refuse_foreign(*database, path);
  return owner;
}

}  // namespace

File::File(std::string path, std::unique_ptr<sql::Database> database, Clock& clock, Random& random)
    : path_(std::move(path)), database_(std::move(database)), clock_(clock), random_(random), ulids_(clock, random) {}

File File::open(const std::string& path, Clock& clock, Random& random) {
  const std::string home = home_of(path);
  const bool in_memory = path == k_in_memory;
  if (!in_memory && has_content(path) && !uses_wal(path)) look_at(path, /*adopt=*/false);
  File file(path,
            sql::open_sqlite(
                {.path = path, .open = in_memory ? sql::Open::create : sql::Open::existing, .cache_kib = k_cache_kib}),
            clock, random);
  if (in_memory) {
    file.client_id_ = make_ours(file.database(), {.path = path, .client_id = {}}, clock, random).client_id;
    return file;
  }
  const Identity identity = read_identity(file.database(), path);
  if (!identity.has_later_table) add_later_table(file.database());
  file.client_id_ = identity.home == home ? ClientId{identity.client_id} : take_new_home(file, home);
  return file;
}

File File::open_read_only(const std::string& path, Clock& clock, Random& random) {
  static_cast<void>(home_of(path));  // says how to make a file that is not there
  File file(path, sql::open_sqlite({.path = path, .open = sql::Open::read_only}), clock, random);
  const Identity identity = read_identity(file.database(), path);
  file.client_id_ = {identity.client_id};
  // What reads it finds an empty one, which is nowhere but in this connection.
  if (!identity.has_later_table) file.database().execute(k_empty_later_table);
  return file;
}

InitReport File::init(const InitOptions& options, Clock& clock, Random& random) {
  if (has_content(options.path) && look_at(options.path, options.adopt) == Owner::tether) {
    File file = open(options.path, clock, random);
    refuse_other_client(options, file.client_id().value);
    if (options.client_id) confirm_id(file);
    return {.created = false, .client_id = file.client_id()};
  }
  const auto database = sql::open_sqlite({.path = options.path, .open = sql::Open::create});
  return make_ours(*database, options, clock, random);
}

UlidSource& File::ulids() {
  if (ulids_started_) return ulids_;
  ulids_started_ = true;
  database_->execute("SELECT max(mutation_id) FROM tether_mutation_logs", {}, [&](const sql::Row& row) {
    const auto newest = Ulid::parse(row.text(0));  // NULL is no text; an adopted log may have ids of any kind
    if (newest) ulids_.start_after(*newest);
  });
  return ulids_;
}

std::optional<std::string> state(sql::Transaction& transaction, std::string_view key) {
  std::optional<std::string> value;
  transaction.run(k_state, {key}, [&](const sql::Row& row) {
    if (!row.is_null(0)) value = row.text(0);
  });
  return value;
}

void set_state(sql::Transaction& transaction, std::string_view key, std::string_view value, Instant now) {
  const std::string at = rfc3339_ms(now);
  transaction.run(k_set_state, {key, value, at});
}

void clear_state(sql::Transaction& transaction, std::string_view key) {
  transaction.run(k_clear_state, {key});
}

}  // namespace tether::replica
