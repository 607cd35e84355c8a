// SPDX-License-Identifier: MIT
// A statement in the words of database.hpp, as Postgres takes it. Private to the driver.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "sql/database.hpp"

namespace tether::sql {

/// Each column is one array parameter behind the `scalars`: behind one scalar, `{rows}` becomes
/// `(SELECT * FROM unnest($2, $3) AS rows(id, n))` and `{values $1, n}` becomes
/// `SELECT $1, n FROM unnest($2, $3) AS rows(id, n)`. `{each …}` becomes a LATERAL subquery. Quoted text stays as it
/// is.
std::string to_postgres(std::string_view text, std::span<const Column> columns, std::size_t scalars);

/// A schema in which every TEXT is `TEXT COLLATE "C"`: compared byte by byte, as SQLite does. It is faster than any
/// language's order, and an index in a language's order is damaged when the library that knows the language is updated.
std::string to_postgres_schema(std::string_view script);

}  // namespace tether::sql
