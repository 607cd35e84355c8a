// SPDX-License-Identifier: MIT
// Which store the options name, opened. The one place that knows the drivers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "service/options.hpp"
#include "service/store_pool.hpp"
#include "sql/database.hpp"
#include "sql/sqlite.hpp"

namespace tether::service {

/// `open` is of a file: a database in Postgres has to be there. Statements take as long as they do.
std::unique_ptr<sql::Database> open_store(const Options& options, sql::Open open);

/// One that is there, for requests, which do not wait without end. `access`: what for; a connection to a file that only
/// reads gets a smaller cache, as there are many of them.
std::unique_ptr<sql::Database> open_store_for_requests(const Options& options, sql::Access access);

/// The same for a start: Postgres may still be starting, too. Waits, at most as long as the options say, calling
/// `go_on` before every pause with what is the matter; null when that returned false.
std::unique_ptr<sql::Database> wait_for_store(const Options& options, sql::Open open, Clock& clock,
                                              const std::function<bool(const Error&)>& go_on);

/// Brings the store to the schema of this version; waits for who holds it as wait_for_store() does, and beside another
/// program that migrates it as long as that takes. Throws Error(busy) when `go_on` returned false. Returns the version
/// it had.
int migrate_store(const Options& options, sql::Database& store, Clock& clock,
                  const std::function<bool(const Error&)>& go_on);

/// How many connections the options allow, and how often a fault that passes is tried again.
StorePool::Bounds pool_bounds(const Options& options);

/// Whether there is a store to look at.
bool store_exists(const Options& options);

/// Whether nothing can be written: Postgres is a standby, or an operator set the database to read only. A file is found
/// to be when it is written to.
bool is_read_only(const Options& options, sql::Database& store);

/// What is wrong with the store, by a look at all of it; empty when nothing is. Postgres looks after itself.
std::string damage(const Options& options, sql::Database& store);

}  // namespace tether::service
