// SPDX-License-Identifier: MIT
#include "authority/store.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "authority/ledger.hpp"
#include "base/error.hpp"
#include "base/ulid.hpp"

namespace tether::embedded {
extern const std::string_view authority_schema;
extern const std::string_view authority_schema_2;
extern const std::string_view authority_schema_3;
extern const std::string_view authority_schema_4;
extern const std::string_view authority_schema_5;
extern const std::string_view authority_schema_6;
extern const std::string_view authority_schema_7;
}  // namespace tether::embedded

namespace tether::authority {
namespace {

/// Migration n brings a store from version n - 1 to n. Its number is a key, written first: of two programs that begin
/// the same one, the later waits, and fails once the earlier is done.
std::string migration(int version) {
  const std::array<std::string_view, k_schema_version> scripts{
      embedded::authority_schema,   embedded::authority_schema_2, embedded::authority_schema_3,
      embedded::authority_schema_4, embedded::authority_schema_5, embedded::authority_schema_6,
      embedded::authority_schema_7};
  const std::string script(scripts.at(static_cast<std::size_t>(version - 1)));
  const std::string number = "\nINSERT INTO tether_schema(version) VALUES (" + std::to_string(version) + ");\n";
  return version == 1 ? script + number : number + script;  // the first one makes the table
}

bool is_in_postgres(sql::Database& database) {
  return database.begin(sql::Access::read)->engine() == sql::Engine::postgres;
}

/// For the script alone. Writers of SQLite wait as the database was opened to. The lock, two numbers of our own, is
/// there for k_migrating to see.
constexpr std::string_view k_wait_in_postgres =
    "SET LOCAL lock_timeout = '2s';\n"
    "SELECT pg_advisory_xact_lock(1413829704, 1);\n";

/// The programs that hold that lock, and wait for none themselves.
constexpr std::string_view k_migrating =
    "SELECT count(*) FROM pg_locks AS held WHERE held.locktype = 'advisory' AND held.granted "
    "AND held.classid = 1413829704 AND held.objid = 1 AND held.objsubid = 2 "
    "AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND NOT EXISTS (SELECT 1 FROM pg_locks AS wanted WHERE wanted.pid = held.pid AND NOT wanted.granted)";

/// A script is all or nothing, and none can run twice: when it fails since someone else was faster, the store is where
/// it should be.
void run_migration(sql::Database& database, int version, const TryAgain& try_again) {
  const std::string script = std::string(is_in_postgres(database) ? k_wait_in_postgres : "") + migration(version);
  while (schema_version(database) < version) {
    try {
      database.execute_script(script);
    } catch (const Error& error) {
      if (schema_version(database) >= version) return;
      if (error.code() != ErrorCode::busy || !try_again || !try_again(error)) throw;
    }
  }
}

}  // namespace

int migrate(sql::Database& database, const TryAgain& try_again) {
  const int before = schema_version(database);
  if (before > k_schema_version) {
    throw Fatal(ErrorCode::newer_version,
                "the store has schema " + std::to_string(before) + ", this program knows up to " +
                    std::to_string(k_schema_version),
                "Install the version of tether-service that wrote it, or a later one.");
  }
  for (int version = before + 1; version <= k_schema_version; ++version) run_migration(database, version, try_again);
  return before;
}

bool is_migrated_elsewhere(sql::Database& database) {
  if (!is_in_postgres(database)) return false;
  std::int64_t migrating = 0;
  database.execute(k_migrating, {}, [&](const sql::Row& row) { migrating = row.integer(0); });
  return migrating > 0;
}

std::int64_t renew_epochs(sql::Database& database, Clock& clock, Random& random) {
  UlidSource epochs(clock, random);
  return sql::in_transaction(database, sql::Access::write, [&](sql::Transaction& transaction) {
    return renew_epochs(transaction, [&] { return epochs.next().text(); });
  });
}

int schema_version(sql::Database& database) {
  const std::vector<std::string> tables = database.tables();
  if (tables.empty()) return 0;
  if (std::find(tables.begin(), tables.end(), "tether_schema") == tables.end()) {
    throw Fatal(
        ErrorCode::not_a_database,
        "the database belongs to something else: it holds " + tables.front() + " and is no store of tether-service",
        "Name another database; a new one is made where there is none.");
  }
  std::int64_t version = 0;
  sql::in_transaction(database, sql::Access::read, [&](sql::Transaction& transaction) {
    transaction.run(sql::Statement{"SELECT max(version) FROM tether_schema"}, {},
                    [&](const sql::Row& row) { version = row.integer(0); });
  });
  return static_cast<int>(version);
}

}  // namespace tether::authority
