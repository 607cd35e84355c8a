// SPDX-License-Identifier: MIT
// A statement in the words of database.hpp, as Postgres takes it. Private to the driver.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database.hpp"

namespace tether::sql {

/// The columns stand behind the `scalars`, each one array parameter, or one value if it is the same in all rows
/// (`constant`, never the first one). Behind one scalar, `{rows}` becomes
/// `(SELECT unnest($2) AS id, unnest($3) AS n)` and `{values $1, n}` becomes
/// `SELECT $1, n FROM (SELECT unnest($2) AS id, unnest($3) AS n) AS rows`. unnest() as a column hands its elements on
/// one by one; as a table it would first copy each array. `{each …}` becomes a LATERAL subquery. Quoted text stays as
/// it is.
std::string to_postgres(std::string_view text, std::span<const Column> columns, const std::vector<bool>& constant,
                        std::size_t scalars);

/// A schema in which every TEXT is `TEXT COLLATE "C"`: compared byte by byte, as SQLite does. It is faster than any
/// language's order, and an index in a language's order is damaged when the library that knows the language is updated.
std::string to_postgres_schema(std::string_view script);

}  // namespace tether::sql
