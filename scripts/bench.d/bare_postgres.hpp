// SPDX-License-Identifier: MIT
// The yardsticks of a service on Postgres: libpq, one connection, and the fewest statements that do the same work on
// the same tables. Each prints the milliseconds that count.
#pragma once

#include <cstdint>
#include <string>

namespace tether::bench {

/// Applies the log of `client_file`, read before the clock starts, to the empty store `url`: a statement and a commit
/// for every `batch` mutations.
int bare_postgres_push(const std::string& client_file, const std::string& url, std::int64_t batch);

/// Reads all rows of the scope `default` as the JSON of their page, in the order of the pages: one COPY to this client.
int bare_postgres_copy(const std::string& url);

/// The same in pages of `rows`, each found by where the one before it ended and put together here.
int bare_postgres_pages(const std::string& url, std::int64_t rows);

}  // namespace tether::bench
