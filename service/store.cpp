// SPDX-License-Identifier: MIT
#include "service/store.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

#include "authority/store.hpp"
#include "sql/postgres/postgres.hpp"

namespace tether::service {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_first_pause{100};
constexpr milliseconds k_longest_pause{2'000};
constexpr int k_attempts = 4;  // of a transaction that Postgres broke off: a deadlock, or others came first
// Locks are waited for with a connection at hand, for which requests to other scopes may be waiting. The first time is
// enough for a few replicas that hold the lock in turn, each for its commit; whoever does not get it in that waits for
// long as one of few, see StorePool. Nothing is lost meanwhile: while any replica waits, the lock is never idle.
constexpr StorePool::LockTimes k_lock_times{.first = milliseconds(100),
                                            .held_up = milliseconds(10),
                                            // More than the second after which Postgres looks for deadlocks
                                            // (deadlock_timeout): of two that wait for each other one goes on.
                                            .patient = milliseconds(1'500)};

bool in_postgres(const Options& options) {
  return !options.store_url.empty();
}

sql::SqliteOptions sqlite_options(const Options& options, sql::Open open, sql::Access access) {
  sql::SqliteOptions sqlite;
  sqlite.path = options.store_path;
  sqlite.open = open;
  sqlite.durability = sql::Durability::full;  // what is acknowledged survives a power cut
  // A page is read in the order of its index, once: a reader needs little.
  sqlite.cache_kib = access == sql::Access::write ? 8'000 : 2'000;
  // Another service on the same file may be writing; a request does not wait longer for it than for our own writers.
  sqlite.busy_timeout_ms = static_cast<int>(options.pool_wait.count());
  return sqlite;
}

/// A store that is there is never begun anew: where it is empty, it lost its content, unless another program is making
/// it just now.
sql::Open never_anew(const std::string& path, sql::Open open) {
  constexpr int k_looks = 100;
  constexpr milliseconds k_pause{10};
  std::error_code none;  // whoever opens it says why
  const auto size = [&] {
    const auto bytes = std::filesystem::file_size(path, none);
    return none ? std::uintmax_t{0} : bytes;
  };
  if (open != sql::Open::create || !std::filesystem::is_regular_file(path, none)) return open;
  for (int look = 0; look < k_looks && size() == 0; ++look) std::this_thread::sleep_for(k_pause);
  return sql::Open::existing;
}

/// A wrong password or a missing database does not pass by waiting.
bool may_pass(const Error& error) {
  return error.code() == ErrorCode::unreachable || error.code() == ErrorCode::busy;
}

}  // namespace

std::unique_ptr<sql::Database> open_store(const Options& options, sql::Open open) {
  if (in_postgres(options)) return sql::open_postgres(options.store_url);
  return sql::open_sqlite(sqlite_options(options, never_anew(options.store_path, open), sql::Access::write));
}

std::unique_ptr<sql::Database> open_store_for_requests(const Options& options, sql::Access access) {
  if (in_postgres(options)) {
    return sql::open_postgres(options.store_url, {.statement = options.store_time, .lock = k_lock_times.patient});
  }
  return sql::open_sqlite(sqlite_options(options, sql::Open::existing, access));
}

std::unique_ptr<sql::Database> wait_for_store(const Options& options, sql::Open open, Clock& clock,
                                              const std::function<bool(const Error&)>& go_on) {
  if (!in_postgres(options)) return open_store(options, open);
  const Instant deadline = clock.now() + options.store_wait;
  for (milliseconds pause = k_first_pause;; pause = std::min(pause * 2, k_longest_pause)) {
    try {
      return open_store(options, open);
    } catch (const Error& error) {
      if (!may_pass(error) || clock.now() + pause > deadline) throw;
      if (!go_on(error)) return nullptr;
    }
    clock.sleep_for(pause);
  }
}

int migrate_store(const Options& options, sql::Database& store, Clock& clock,
                  const std::function<bool(const Error&)>& go_on) {
  std::optional<Instant> deadline;  // since there is someone to wait for
  return authority::migrate(store, [&](const Error& error) {
    const bool ends_by_itself = authority::is_migrated_elsewhere(store);
    if (ends_by_itself || !deadline) deadline = clock.now() + options.store_wait;
    if ((!ends_by_itself && clock.now() + k_longest_pause > *deadline) || !go_on(error)) return false;
    clock.sleep_for(k_longest_pause);  // whoever had to wait meanwhile is served now
    return true;
  });
}

StorePool::Bounds pool_bounds(const Options& options) {
  StorePool::Bounds bounds{.readers = options.readers, .wait = options.pool_wait};
  if (in_postgres(options)) {
    bounds.writers = options.store_connections - options.readers;
    bounds.attempts = k_attempts;
    bounds.lock_times = k_lock_times;
  }
  return bounds;
}

bool store_exists(const Options& options) {
  return in_postgres(options) || std::filesystem::exists(options.store_path);
}

bool is_read_only(const Options& options, sql::Database& store) {
  bool read_only = false;
  if (!in_postgres(options)) return read_only;
  // Of a transaction that asks for nothing: on a standby, and where an operator said so, it may only read.
  store.execute("SELECT current_setting('transaction_read_only') = 'on'", {},
                [&](const sql::Row& row) { read_only = row.text(0) == "t"; });
  return read_only;
}

std::string damage(const Options& options, sql::Database& store) {
  if (in_postgres(options)) return {};
  std::string verdict;
  store.execute("PRAGMA quick_check(1)", {}, [&](const sql::Row& row) { verdict = row.text(0); });
  return verdict == "ok" ? "" : verdict;
}

}  // namespace tether::service
