// SPDX-License-Identifier: MIT
#include "sql/sqlite_text.hpp"

#include <doctest/doctest.h>

namespace tether::sql {
namespace {

constexpr Column k_columns[] = {{"id", Type::text}, {"n", Type::integer}};

TEST_CASE("parameters are numbered, not named") {
  CHECK(to_sqlite("SELECT a FROM t WHERE b = $2 AND c = $10", {}, 10) == "SELECT a FROM t WHERE b = ?2 AND c = ?10");
}

TEST_CASE("the columns of a row follow the scalars") {
  CHECK(to_sqlite("SELECT $1, r.n FROM {rows} AS r", k_columns, 1) ==
        "SELECT ?1, r.n FROM (SELECT ?2 AS id, ?3 AS n) AS r");
  CHECK(to_sqlite("INSERT INTO t(a, b, c) {values n, $2, id} RETURNING a", k_columns, 2) ==
        "INSERT INTO t(a, b, c) VALUES (?4, ?2, ?3) RETURNING a");
  CHECK(to_sqlite("INSERT INTO t(a) {values id}", k_columns, 0) == "INSERT INTO t(a) VALUES (?1)");
}

TEST_CASE("what is looked up for each row is a join, which CROSS keeps in its order") {
  CHECK(to_sqlite("SELECT t.n FROM {rows} AS r CROSS JOIN {each things AS t WHERE t.s = $1 AND t.id = r.id}", k_columns,
                  1) ==
        "SELECT t.n FROM (SELECT ?2 AS id, ?3 AS n) AS r CROSS JOIN things AS t WHERE t.s = ?1 AND t.id = r.id");
}

TEST_CASE("quoted text stays as it is") {
  CHECK(to_sqlite("SELECT '$1 {rows} {values id} ''$2', $1", k_columns, 1) ==
        "SELECT '$1 {rows} {values id} ''$2', ?1");
}

}  // namespace
}  // namespace tether::sql
