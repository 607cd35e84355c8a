// SPDX-License-Identifier: MIT
// The server's tables: made, numbered and checked. Every later schema is a further numbered migration.
#pragma once

#include <functional>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "sql/database.hpp"

namespace tether::authority {

constexpr int k_schema_version = 7;

/// Called, after a pause of its own making, with what a migration was refused for: false gives it up.
using TryAgain = std::function<bool(const Error& busy)>;

/// Brings the store to k_schema_version; safe to repeat and to run at the same moment elsewhere. Returns the version it
/// had. In Postgres whoever reads a table, as a backup does, keeps it from being changed, and whoever comes later waits
/// behind the change: so that is tried for two seconds only, and again when `try_again` says so. Throws Error(busy)
/// when it was given up, Fatal(newer_version) for a store of a later program, Fatal(not_a_database) for a database of
/// someone else.
int migrate(sql::Database& database, const TryAgain& try_again = {});

/// Whether another program brings the store up to date just now, and does not wait itself for who holds its tables:
/// that ends. Of a file nobody can tell.
bool is_migrated_elsewhere(sql::Database& database);

/// To be run after the store was put back from a backup: every scope gets a new epoch, so that clients which saw what
/// is lost notice, keep everything and send it again. Returns the number of scopes.
std::int64_t renew_epochs(sql::Database& database, Clock& clock, Random& random);

/// The version that the store has: 0 when it is empty.
int schema_version(sql::Database& database);

}  // namespace tether::authority
