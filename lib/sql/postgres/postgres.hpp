// SPDX-License-Identifier: MIT
// The Postgres driver, on libpq. Nothing but transactions lives on a connection: no named statement, no setting that
// outlives a transaction, no advisory lock, so that it works behind a transaction pooler. BEGIN travels with the first
// statement. A write transaction is READ COMMITTED, a read transaction one consistent snapshot.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sql/database.hpp"

namespace tether::sql {

/// How long whoever opens a database waits for it.
struct Patience {
  /// For a statement; zero: as long as it takes. Postgres breaks off one that takes longer (busy), and a Postgres that
  /// does not even do that is given up soon after (unreachable).
  std::chrono::milliseconds statement{0};
  /// For each lock that a write transaction needs and another one holds (busy).
  std::chrono::milliseconds lock{20'000};
};

/// `url` as libpq takes it: postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=… Throws Error: usage (no such URL),
/// unreachable (nobody answers, or not yet), busy (no connection left), forbidden (user or password), not_found (no
/// such database). Later, unreachable also says that the connection was lost; whether a commit that was under way took
/// effect is then not known. A connection that was lost stays lost.
std::unique_ptr<Database> open_postgres(const std::string& url, const Patience& patience = {});

/// Host, port and name of the database, without user and password: what messages call it.
std::string postgres_name(const std::string& url);

}  // namespace tether::sql
