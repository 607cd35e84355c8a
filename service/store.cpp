// SPDX-License-Identifier: MIT
#include "service/store.hpp"

namespace tether::service {

std::unique_ptr<sql::Database> open_store(const Options& options, sql::Open open, sql::Access access) {
  sql::SqliteOptions sqlite;
  sqlite.path = options.store_path;
  sqlite.open = open;
  sqlite.durability = sql::Durability::full;  // what is acknowledged survives a power cut
  // Pushes touch the same index pages again and again: the fewer checkpoints, the fewer of them are written twice.
  sqlite.checkpoint_pages = 4'000;
  // A page is read in the order of its index, once: a reader needs little.
  sqlite.cache_kib = access == sql::Access::write ? 8'000 : 2'000;
  // Another service on the same file may be writing; a request does not wait longer for it than for our own writers.
  sqlite.busy_timeout_ms = static_cast<int>(options.pool_wait.count());
  return sql::open_sqlite(sqlite);
}

}  // namespace tether::service
