// SPDX-License-Identifier: MIT
#include "sql/postgres/statement_text.hpp"

#include <doctest/doctest.h>

namespace tether::sql {
namespace {

constexpr Column k_columns[] = {{"id", Type::text}, {"n", Type::integer}};
const std::vector<bool> k_all_differ = {false, false};

TEST_CASE("the columns of a batch are arrays behind the scalars") {
  CHECK(to_postgres("SELECT r.id FROM {rows} AS r WHERE r.n > $1", k_columns, k_all_differ, 1) ==
        "SELECT r.id FROM (SELECT unnest($2) AS id, unnest($3) AS n) AS r WHERE r.n > $1");
  CHECK(to_postgres("INSERT INTO t(a, b) {values n, id}", k_columns, k_all_differ, 0) ==
        "INSERT INTO t(a, b) SELECT n, id FROM (SELECT unnest($1) AS id, unnest($2) AS n) AS rows");
  CHECK(to_postgres("INSERT INTO t(a, b) {values $1, n} RETURNING a", k_columns, k_all_differ, 1) ==
        "INSERT INTO t(a, b) SELECT $1, n FROM (SELECT unnest($2) AS id, unnest($3) AS n) AS rows RETURNING a");
}

TEST_CASE("a column that is the same in all rows is one value") {
  CHECK(to_postgres("INSERT INTO t(a, b) {values $1, n}", k_columns, {false, true}, 1) ==
        "INSERT INTO t(a, b) SELECT $1, n FROM (SELECT unnest($2) AS id, $3 AS n) AS rows");
}

TEST_CASE("what is looked up for each row is not joined by the planner") {
  CHECK(to_postgres("SELECT t.n FROM {rows} AS r CROSS JOIN {each things AS t WHERE t.id = r.id}", k_columns,
                    k_all_differ, 0) ==
        "SELECT t.n FROM (SELECT unnest($1) AS id, unnest($2) AS n) AS r CROSS JOIN LATERAL "
        "(SELECT t.* FROM things AS t WHERE t.id = r.id OFFSET 0) AS t");
}

TEST_CASE("quoted text stays as it is") {
  CHECK(to_postgres("SELECT '{rows} it''s {values $1}' FROM t", k_columns, k_all_differ, 1) ==
        "SELECT '{rows} it''s {values $1}' FROM t");
  CHECK(to_postgres("SELECT 'open {rows}", k_columns, k_all_differ, 0) == "SELECT 'open {rows}");
}

TEST_CASE("a schema compares text byte by byte, and stays as it is otherwise") {
  CHECK(to_postgres_schema("CREATE TABLE t (  -- TEXT\n  id TEXT NOT NULL, n BIGINT, s TEXT DEFAULT 'TEXT');") ==
        "CREATE TABLE t (  -- TEXT\n  id TEXT COLLATE \"C\" NOT NULL, n BIGINT, s TEXT COLLATE \"C\" DEFAULT 'TEXT');");
  CHECK(to_postgres_schema("ALTER TABLE TEXTS ADD COLUMN CONTEXT BIGINT -- TEXT") ==
        "ALTER TABLE TEXTS ADD COLUMN CONTEXT BIGINT -- TEXT");
}

}  // namespace
}  // namespace tether::sql
