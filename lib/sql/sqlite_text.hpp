// SPDX-License-Identifier: MIT
// A statement in the words of database.hpp, as SQLite takes it. Private to the driver.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "sql/database.hpp"

namespace tether::sql {

/// `$1` becomes `?1`: to SQLite, $1 would be a name, numbered by where it first stands. The columns of a row follow the
/// `scalars` parameters: behind one scalar, `{rows}` becomes `(SELECT ?2 AS id, ?3 AS n)` and `{values $1, n}` becomes
/// `VALUES (?1, ?3)`. `{each …}` stands as it is, without the braces. Quoted text stays, too.
std::string to_sqlite(std::string_view text, std::span<const Column> columns, std::size_t scalars);

}  // namespace tether::sql
