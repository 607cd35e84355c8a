// SPDX-License-Identifier: MIT
#include "sql/postgres/postgres_error.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

namespace tether::sql {
namespace {

std::string meaning(std::string_view state) {
  try {
    throw_postgres_error(state, "said", "db");
  } catch (const Fatal& e) {
    return "fatal " + std::string(name(e.code())) + ": " + e.what();
  } catch (const Error& e) {
    return std::string(name(e.code())) + ": " + e.what();
  }
}

std::string cannot_connect(std::string_view message) {
  try {
    throw_cannot_connect(message, "db");
  } catch (const Error& e) {
    CHECK(!e.hint().empty());
    return std::string(name(e.code())) + ": " + e.what();
  }
}

TEST_CASE("a state says whether trying again helps") {
  CHECK(meaning("40001") == "busy: db: said");
  CHECK(meaning("40P01") == "busy: db: said");
  CHECK(meaning("55P03") == "busy: db: said");
  CHECK(meaning("53300") == "busy: db: said");
  CHECK(meaning("53100") == "fatal disk_full: db: said");
  CHECK(meaning("25006") == "read_only: db: said");
  CHECK(meaning("25P03") == "unreachable: db: said");
  CHECK(meaning("57P01") == "unreachable: db: said");
  CHECK(meaning("08006") == "unreachable: db: said");
  CHECK(meaning("28P01") == "forbidden: db: said");
  CHECK(meaning("42501") == "forbidden: db: said");
  CHECK(meaning("22021") == "invalid_input: db: said");
  CHECK(meaning("54000") == "too_large: db: said");
  CHECK(meaning("XX001") == "fatal corrupt: db: said");
  CHECK(meaning("23505") == "internal: db: said (SQLSTATE 23505)");
  CHECK(meaning("") == "internal: db: said (SQLSTATE )");
}

TEST_CASE("what PgBouncer refuses is told apart by its words") {
  CHECK(cannot_connect("FATAL:  08P01: password authentication failed\n") ==
        "forbidden: db: password authentication failed");
  CHECK(cannot_connect("FATAL:  08P01: SASL authentication failed\n") == "forbidden: db: SASL authentication failed");
  CHECK(cannot_connect("FATAL:  08P01: no such user: ann\n") == "forbidden: db: no such user: ann");
  CHECK(cannot_connect("FATAL:  08P01: role \"ann\" does not exist\n") == "forbidden: db: role \"ann\" does not exist");
  CHECK(cannot_connect("FATAL:  08P01: database \"x\" does not exist\n") ==
        "not_found: db: database \"x\" does not exist");
  CHECK(cannot_connect("FATAL:  08P01: no such database: x\n") == "not_found: db: no such database: x");
  CHECK(cannot_connect("FATAL:  08P01: server login has been failing, try again later (server_login_retry)\n") ==
        "unreachable: db: server login has been failing, try again later (server_login_retry)");
}

TEST_CASE("what a standby refuses is read only, whatever it calls it") {
  CHECK_THROWS_WITH_AS(throw_postgres_error("0A000", "cannot set transaction read-write mode during recovery", "db"),
                       "db: cannot set transaction read-write mode during recovery", Error);
  try {
    throw_postgres_error("0A000", "cannot set transaction read-write mode during recovery", "db");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::read_only);
  }
  CHECK(meaning("0A000") == "internal: db: said (SQLSTATE 0A000)");
}

TEST_CASE("a refused connection is told apart by its state, in whatever language the rest is") {
  CHECK(cannot_connect("connection to server at \"::1\", port 5432 failed: FATAL:  28P01: password "
                       "authentication failed for user \"ann\"\nLOCATION:  auth_failed, auth.c:326\n") ==
        "forbidden: db: password authentication failed for user \"ann\"");
  CHECK(cannot_connect("failed: SCHWERWIEGEND:  57P03: das Datenbanksystem startet\n") ==
        "unreachable: db: das Datenbanksystem startet");
  CHECK(cannot_connect("failed: Connection refused\n\tIs the server running?\n") ==
        "unreachable: db: cannot be reached: failed: Connection refused Is the server running?");
  CHECK(cannot_connect("FATAL:  28P01") == "unreachable: db: cannot be reached: FATAL: 28P01");
  CHECK(cannot_connect(":  :  :  ") == "unreachable: db: cannot be reached: : : :");
  CHECK(cannot_connect("") == "unreachable: db: cannot be reached: ");
}

}  // namespace
}  // namespace tether::sql
